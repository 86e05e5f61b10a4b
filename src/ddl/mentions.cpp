// Names and what mentions them; see mentions.hpp.
#include "ddl/mentions.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "pg/list.hpp"
#include "pg/spi.hpp"

namespace tviews::ddl {

namespace {

bool is_part_of_name(char c)
{
    return c == '_' || c == '$' || (c & 0x80) != 0 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
}

// Whether a text has the name as a word, in whatever case.
bool has_word(const std::string &text, const std::string &name)
{
    for (std::size_t at = text.find(name); !name.empty() && at != std::string::npos; at = text.find(name, at + 1)) {
        std::size_t end = at + name.size();
        if ((at == 0 || !is_part_of_name(text[at - 1])) && (end == text.size() || !is_part_of_name(text[end])))
            return true;
    }
    return false;
}

// ASCII in lower case, and quotes doubled as inside a quoted identifier.
std::string as_looked_for(const std::string &text, bool doubled)
{
    std::string folded;
    for (char c : text) {
        folded += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        if (doubled && c == '"')
            folded += c;
    }
    return folded;
}

bool mentions(const std::string &text, const std::set<std::string> &names)
{
    std::string folded = as_looked_for(text, false);
    return std::any_of(names.begin(), names.end(),
                       [&](const std::string &name) { return has_word(folded, as_looked_for(name, true)); });
}

}  // namespace

bool mentions(const catalog::Compiled &tview, const std::set<std::string> &names)
{
    return std::any_of(tview.texts.begin(), tview.texts.end(), [&](const std::string &text) { return mentions(text, names); });
}

void add_callers(std::set<std::string> &names)
{
    if (names.empty())
        return;
    std::vector<std::pair<std::string, std::string>> callers;
    pg::execute("SELECT proname::pg_catalog.text, prosrc FROM pg_catalog.pg_proc "
                "WHERE oid >= $1 AND prolang <> $2 AND prolang <> $3 "
                "UNION ALL SELECT o.oprname::pg_catalog.text, p.proname::pg_catalog.text FROM pg_catalog.pg_operator o "
                "JOIN pg_catalog.pg_proc p ON p.oid = o.oprcode WHERE o.oid >= $1 "
                "UNION ALL SELECT a.proname::pg_catalog.text, p.proname::pg_catalog.text FROM pg_catalog.pg_aggregate g "
                "JOIN pg_catalog.pg_proc a ON a.oid = g.aggfnoid "
                "JOIN pg_catalog.pg_proc p ON p.oid IN (g.aggtransfn, g.aggfinalfn, g.aggmtransfn, g.aggminvtransfn, g.aggmfinalfn) "
                "WHERE a.oid >= $1",
                {OIDOID, OIDOID, OIDOID},
                {{ObjectIdGetDatum(FirstNormalObjectId), ObjectIdGetDatum(INTERNALlanguageId), ObjectIdGetDatum(ClanguageId)}, {}},
                [&](TupleTableSlot *slot) {
                    callers.emplace_back(pg::text_column(slot, 1).value_or(""), pg::text_column(slot, 2).value_or(""));
                });
    for (std::set<std::string> added = names; !added.empty();) {
        std::set<std::string> next;
        for (const auto &[name, text] : callers)
            if (names.count(name) == 0 && mentions(text, added))
                next.insert(name);
        names.insert(next.begin(), next.end());
        added = std::move(next);
    }
}

namespace {

// Whatever a search_path with this schema finds in it.
void add_names_in_schema(const char *schema, std::set<std::string> &names)
{
    Oid id = pg::call([&] { return get_namespace_oid(schema, true); });
    pg::execute("SELECT relname::pg_catalog.text FROM pg_catalog.pg_class WHERE relnamespace = $1 "
                "UNION SELECT proname FROM pg_catalog.pg_proc WHERE pronamespace = $1 "
                "UNION SELECT typname FROM pg_catalog.pg_type WHERE typnamespace = $1 "
                "UNION SELECT oprname FROM pg_catalog.pg_operator WHERE oprnamespace = $1",
                {OIDOID}, {{ObjectIdGetDatum(id)}, {}},
                [&](TupleTableSlot *slot) { names.insert(pg::text_column(slot, 1).value_or("")); });
}

}  // namespace

void add_names(Node *parsetree, std::set<std::string> &names)
{
    auto add = [&](const char *name) {
        if (name != nullptr)
            names.insert(name);
    };
    auto add_object = [&](Node *object) {
        if (object != nullptr && IsA(object, ObjectWithArgs))
            object = reinterpret_cast<Node *>(reinterpret_cast<ObjectWithArgs *>(object)->objname);
        if (object != nullptr && IsA(object, List))
            add(strVal(llast(reinterpret_cast<List *>(object))));
    };
    if (IsA(parsetree, RenameStmt)) {
        auto *statement = reinterpret_cast<RenameStmt *>(parsetree);
        add(statement->relation ? statement->relation->relname : nullptr);
        add(statement->subname);
        add(statement->newname);
        add_object(statement->object);
        if (statement->renameType == OBJECT_SCHEMA)
            add_names_in_schema(statement->newname, names);
    } else if (IsA(parsetree, AlterObjectSchemaStmt)) {
        auto *statement = reinterpret_cast<AlterObjectSchemaStmt *>(parsetree);
        add(statement->relation ? statement->relation->relname : nullptr);
        add_object(statement->object);
    }
}

std::set<std::string> made_names()
{
    std::set<std::string> names;
    pg::execute("SELECT coalesce(t.typname, a.object_names[pg_catalog.cardinality(a.object_names)]) "
                "FROM pg_catalog.pg_event_trigger_ddl_commands() c "
                "LEFT JOIN pg_catalog.pg_type t ON t.oid = c.objid AND c.classid = 'pg_catalog.pg_type'::pg_catalog.regclass, "
                "LATERAL pg_catalog.pg_identify_object_as_address(c.classid, c.objid, c.objsubid) a "
                "WHERE c.classid IN ('pg_catalog.pg_class'::pg_catalog.regclass, 'pg_catalog.pg_proc'::pg_catalog.regclass, "
                "'pg_catalog.pg_type'::pg_catalog.regclass, 'pg_catalog.pg_operator'::pg_catalog.regclass) "
                "AND c.objid IS NOT NULL AND c.schema_name <> 'pg_temp'",
                {}, {}, [&](TupleTableSlot *slot) { names.insert(pg::text_column(slot, 1).value_or("")); });
    return names;
}

}  // namespace tviews::ddl
