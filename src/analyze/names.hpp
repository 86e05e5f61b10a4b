// Catalog objects as SQL text: schema-qualified, quoted, independent of search_path.
#pragma once

#include <string>

#include "model/query.hpp"
#include "pg/guard.hpp"

namespace tviews::analyze {

// "schema"."table", quoted where needed.  Raises: XX000 if the relation does not exist.
std::string qualified_relation_name(Oid relation);

// Whether equal values of the type are always identical, by the btree operator class' own word.  C-side: may raise.
bool equal_is_identical(Oid type, Oid collation);

// A type with its array type and, where `collation` is not the type's own, that collation.
model::Type describe_type(Oid type, Oid collation);

// The equality of a type's default btree operator class as OPERATOR(schema.name).  Raises: 42883 if the type has none.
std::string equality_operator(Oid type);

// The schema an operator is in.  C-side: may raise.
Oid operator_schema(Oid operation);

// Puts search_path to pg_catalog alone for a scope, so that deparsed text is qualified.
class QualifiedNames {
public:
    QualifiedNames();
    // On a normal exit puts the path back; while unwinding the transaction's abort does.
    ~QualifiedNames();
    QualifiedNames(const QualifiedNames &) = delete;
    QualifiedNames &operator=(const QualifiedNames &) = delete;

private:
    int nest_level_;
    int exceptions_;
};

}  // namespace tviews::analyze
