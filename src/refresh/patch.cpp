// Setting values in stored documents; see patch.hpp.
#include "refresh/patch.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "refresh/identity.hpp"
#include "refresh/stored_rows.hpp"
#include "refresh/table_writer.hpp"

namespace tviews::refresh {

namespace {

// A memory context for a scope.  While unwinding, the abort frees it with its parent.
class Memory {
public:
    explicit Memory(const char *name)
        : context_(pg::call([&] { return AllocSetContextCreateInternal(CurrentMemoryContext, name, ALLOCSET_DEFAULT_SIZES); })),
          exceptions_(std::uncaught_exceptions())
    {
    }
    ~Memory()
    {
        if (std::uncaught_exceptions() == exceptions_)
            MemoryContextDelete(context_);
    }
    Memory(const Memory &) = delete;
    Memory &operator=(const Memory &) = delete;
    MemoryContext get() const { return context_; }

private:
    MemoryContext context_;
    int exceptions_;
};

// What is to be set in one column of a document.  C data.
struct Settings {
    pg::JsonPatch patch;
    pg::JsonSetting *settings;
    pg::JsonArray *arrays;

    bool none() const { return patch.count == 0 && patch.array_count == 0; }

    void add(const pg::JsonSetting &setting, std::size_t room)
    {
        if (settings == nullptr)
            patch.settings = settings = static_cast<pg::JsonSetting *>(palloc(sizeof(pg::JsonSetting) * room));
        settings[patch.count++] = setting;
    }

    void add(const pg::JsonArray &array, std::size_t room)
    {
        if (arrays == nullptr)
            patch.arrays = arrays = static_cast<pg::JsonArray *>(palloc(sizeof(pg::JsonArray) * room));
        arrays[patch.array_count++] = array;
    }
};

// Stored documents, one after the other.
class Patcher {
public:
    // Makes rows as the current role, on the active snapshot.
    Patcher(catalog::Compiled &tview, Relation table, const std::vector<int> &key, const pg::RowSet &documents,
            std::vector<CopiedValues> &sources, Moment moment)
        : sources_(sources), writer_(tview, table, moment), rows_(tview, table, key), document_("pg_tviews document"),
          width_(tview.tview.columns.size()), values_(std::make_unique<Datum[]>(width_)), nulls_(std::make_unique<bool[]>(width_))
    {
        auto span = pg::dense_span(documents, 0, documents.size());
        pg::call([&] { rows_.open(span); });
        for (const CopiedValues &source : sources_)
            copies_ += static_cast<std::size_t>(source.count());
    }

    // misplaced: the document lacks a place for a value; none: it is not stored, for the query gives no such row.
    enum class Outcome { none, same, changed, misplaced };

    Outcome patch(const pg::RowSet &documents, std::size_t number, const PatchItem *from, const PatchItem *to)
    {
        Outcome outcome = pg::call([&] {
            CHECK_FOR_INTERRUPTS();
            MemoryContextReset(document_.get());
            MemoryContext caller = MemoryContextSwitchTo(document_.get());
            Outcome made = make(documents, number, from, to);
            MemoryContextSwitchTo(caller);
            return made;
        });
        if (outcome == Outcome::changed)
            writer_.write('u', &stored_->tts_tid, values_.get(), nulls_.get());
        return outcome;
    }

    void close()
    {
        pg::call([&] { rows_.close(); });
        writer_.close();
    }

private:
    // C-side, as is what follows.
    Outcome make(const pg::RowSet &documents, std::size_t number, const PatchItem *from, const PatchItem *to)
    {
        Datum key[INDEX_MAX_KEYS];
        for (std::size_t i = 0; i < documents.width(); ++i)
            key[i] = documents.value(number, i);
        stored_ = rows_.fetch(key);
        if (stored_ == nullptr)
            return Outcome::none;
        for (std::size_t i = 0; i < width_; ++i) {
            values_[i] = stored_->tts_values[rows_.positions()[i]];
            nulls_[i] = stored_->tts_isnull[rows_.positions()[i]];
        }
        bool changed = false;
        for (std::size_t output = 0; output < width_; ++output) {
            Outcome made = make_output(static_cast<int>(output), from, to);
            if (made == Outcome::misplaced)
                return made;
            changed |= made == Outcome::changed;
        }
        return changed ? Outcome::changed : Outcome::same;
    }

    Outcome make_output(int output, const PatchItem *from, const PatchItem *to)
    {
        Settings settings{};
        auto items = static_cast<std::size_t>(to - from);
        for (const PatchItem *item = from; item < to; ++item) {
            CopiedValues &source = sources_[item->source];
            if (source.array_output() >= 0) {
                if (source.array_output() == output && (item == from || item[-1].source != item->source))
                    add_elements(settings, item, to);
                continue;
            }
            for (int i = 0; i < source.count(); ++i) {
                if (source.output(i) != output)
                    continue;
                const CopiedValues::Values *values = source.values(item->row);
                if (values != nullptr && source.is_whole_output(i))
                    return replace(output, values->copies[i], values->nulls[i]);
                if (values != nullptr)
                    settings.add(values->settings[i], items * copies_);
            }
        }
        if (settings.none())
            return Outcome::same;
        Jsonb *patched = nulls_[output] ? nullptr : pg::patch_jsonb(DatumGetJsonbP(values_[output]), settings.patch, &same_room_);
        return patched != nullptr ? replace(output, JsonbPGetDatum(patched), false) : Outcome::misplaced;
    }

    // Of the items from the first one's source.
    void add_elements(Settings &settings, const PatchItem *from, const PatchItem *to)
    {
        CopiedValues &source = sources_[from->source];
        const PatchItem *end = std::find_if(from, to, [&](const PatchItem &item) { return item.source != from->source; });
        auto *elements = static_cast<pg::JsonElement *>(palloc(sizeof(pg::JsonElement) * static_cast<std::size_t>(end - from)));
        int count = 0;
        for (const PatchItem *item = from; item < end; ++item)
            if (const CopiedValues::Values *values = source.values(item->row))
                elements[count++] = {source.ids(item->row), values->settings, source.count()};
        if (count > 0)
            settings.add(source.array(elements, count), sources_.size());
    }

    Outcome replace(int output, Datum value, bool null)
    {
        if (rows_.same(stored_, static_cast<std::size_t>(output), value, null))
            return Outcome::same;
        values_[output] = value;
        nulls_[output] = null;
        return Outcome::changed;
    }

    std::vector<CopiedValues> &sources_;
    TableWriter writer_;
    StoredRows rows_;
    std::size_t copies_ = 0;
    bool same_room_ = true;
    Memory document_;
    std::size_t width_;
    std::unique_ptr<Datum[]> values_;     // of the definition's columns
    std::unique_ptr<bool[]> nulls_;
    TupleTableSlot *stored_ = nullptr;
};

}  // namespace

void Patches::add(CarriedRows carried, const std::vector<std::size_t> &key)
{
    if (!documents_)
        documents_ = std::make_unique<pg::RowSet>(carried.rows.types(key));
    auto values = std::make_unique<Datum[]>(key.size());
    auto nulls = std::make_unique<bool[]>(key.size());
    for (std::size_t row = 0; row < carried.rows.size(); ++row) {
        if (carried.rows.has_null(row, key))
            continue;
        for (std::size_t i = 0; i < key.size(); ++i)
            values[i] = carried.rows.value(row, key[i]);
        items_.push_back({static_cast<std::uint32_t>(documents_->add(values.get(), nulls.get())),
                          static_cast<std::uint32_t>(sources_.size()), static_cast<std::uint32_t>(row)});
    }
    sources_.push_back(std::move(carried));
}

void Patches::clear()
{
    items_.clear();
    sources_.clear();
    documents_.reset();
}

std::vector<int> Patches::whole_key() const
{
    std::vector<int> part(documents_->width());
    std::iota(part.begin(), part.end(), 0);
    return part;
}

Keys Patches::keys() const
{
    Keys keys;
    if (documents_)
        keys.add(whole_key(), *documents_, pg::first_columns(documents_->width()));
    return keys;
}

Written Patches::apply(catalog::Compiled &tview, Moment moment, Keys &rebuilt)
{
    RoleScope role(tview.owner, Security::restricted);
    SnapshotScope snapshot(moment);
    Relation table = pg::call([&] { return table_open(tview.tview.table, RowExclusiveLock); });
    bool possible = TableWriter::is_possible(table, tview) && StoredRows::is_possible(table, tview);
    std::vector<CopiedValues> values;
    values.reserve(sources_.size());
    Memory longer("pg_tviews copied values");
    for (std::size_t i = 0; possible && i < sources_.size(); ++i) {
        possible = values.emplace_back(tview, sources_[i]).open();
        if (possible)
            possible = values.back().read_ahead(longer.get());
        else
            values.pop_back();
    }
    Written written;
    if (possible)
        written = patch_documents(tview, table, values, moment, rebuilt);
    else
        rebuilt.add(keys());
    for (CopiedValues &source : values)
        source.close();
    pg::call([&] { table_close(table, NoLock); });
    return written;
}

// By document, in the order of the table's key.
void Patches::sort_items()
{
    std::vector<std::uint32_t> order = documents_->in_order();
    std::vector<std::uint32_t> rank(order.size());
    for (std::size_t i = 0; i < order.size(); ++i)
        rank[order[i]] = static_cast<std::uint32_t>(i);
    std::sort(items_.begin(), items_.end(), [&](const PatchItem &one, const PatchItem &other) {
        return std::tuple(rank[one.document], one.source, one.row) < std::tuple(rank[other.document], other.source, other.row);
    });
}

Written Patches::patch_documents(catalog::Compiled &tview, Relation table, std::vector<CopiedValues> &values, Moment moment,
                                 Keys &rebuilt)
{
    Written written;
    std::vector<std::size_t> all_columns = pg::first_columns(documents_->width());
    pg::RowSet misplaced(documents_->types(all_columns));
    auto known = rebuilt.parts.find(whole_key());
    sort_items();
    Patcher patcher(tview, table, whole_key(), *documents_, values, moment);
    const PatchItem *end = items_.data() + items_.size();
    for (const PatchItem *from = items_.data(), *to = from; from < end; from = to) {
        std::size_t number = from->document;
        to = std::find_if(from, end, [&](const PatchItem &item) { return item.document != number; });
        if (known != rebuilt.parts.end() && known->second.contains(*documents_, number))
            continue;
        switch (patcher.patch(*documents_, number, from, to)) {
        case Patcher::Outcome::none:
            break;
        case Patcher::Outcome::same:
            ++written.unchanged;
            break;
        case Patcher::Outcome::changed:
            ++written.updated;
            break;
        case Patcher::Outcome::misplaced:
            misplaced.add(*documents_, number);
        }
    }
    patcher.close();
    if (!misplaced.empty())
        rebuilt.add(whole_key(), misplaced, all_columns);
    return written;
}

}  // namespace tviews::refresh
