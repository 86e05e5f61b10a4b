-- What pgbench -i makes.  Variables: scale, bindir.
\setenv BINDIR :bindir
\setenv SCALE :scale
\! "$BINDIR/pgbench" -i -I dtGvpf -q -s "$SCALE"
CREATE INDEX ON pgbench_tellers (bid);
VACUUM ANALYZE;
