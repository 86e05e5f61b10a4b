# pg_tviews: built by PGXS.  make && make install && make installcheck; script/test runs everything from a fresh machine.
EXTENSION = pg_tviews
MODULE_big = pg_tviews
DATA = $(wildcard sql/pg_tviews--*.sql) $(wildcard upgrades/pg_tviews--*.sql)
OBJS = $(patsubst %.cpp,%.o,$(sort $(wildcard src/*/*.cpp)))

REGRESS = $(patsubst sql/%.sql,%,$(filter-out sql/pg_tviews--%,$(sort $(wildcard sql/*.sql))))
REGRESS_OPTS = --load-extension=pg_tviews
ISOLATION = $(patsubst test/isolation/specs/%.spec,%,$(sort $(wildcard test/isolation/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test/isolation --load-extension=pg_tviews
TAP_TESTS = $(if $(wildcard test/tap/*.pl),1)
PROVE_TESTS = test/tap/*.pl

# Server headers are system headers: their warnings are not ours.  -std belongs to C++ alone.
EXTVERSION = $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" pg_tviews.control)

PG_CPPFLAGS = -DPG_TVIEWS_VERSION='"$(EXTVERSION)"' -MMD -MP
PG_CXXFLAGS = -std=c++20 -I$(CURDIR)/src -Wall -Wextra -Werror -Wno-register -Wno-unused-parameter \
	-Wno-missing-field-initializers -Wno-clobbered -fvisibility-inlines-hidden -fno-gnu-unique -fno-strict-aliasing
SHLIB_LINK = -lstdc++
SHLIB_EXPORTS = src/exports.txt
EXTRA_CLEAN = $(OBJS:.o=.d)

PG_CONFIG ?= pg_config
# The bitcode rule knows nothing of PG_CXXFLAGS.
override with_llvm := no
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

override CPPFLAGS := $(patsubst -I$(includedir_server),-isystem $(includedir_server),$(CPPFLAGS))
-include $(OBJS:.o=.d)
