// Writing a TVIEW's rows straight through its table's access method, where nothing but constraints and indexes has to follow a
// row; the TVIEWs over this one get their seeds from here.
//
// Not here: tables with triggers of others, columns of their own or the like, which take one statement per row (writer.hpp).
#pragma once

#include <memory>

#include "capture/row.hpp"
#include "catalog/compiled.hpp"
#include "refresh/view_of_data.hpp"

namespace tviews::refresh {

// Raises 40001: another session has changed a row that the locks should have kept from it.
[[noreturn]] void raise_changed(const catalog::Compiled &tview);

class TableWriter {
public:
    // Whether every row written needs its constraints and indexes alone, and perhaps capture.
    static bool is_possible(Relation relation, const catalog::Compiled &tview);

    // Makes rows as the current role.
    TableWriter(catalog::Compiled &tview, Relation relation, Moment moment);
    TableWriter(const TableWriter &) = delete;
    TableWriter &operator=(const TableWriter &) = delete;

    // Inserts ('i'), updates ('u') or deletes ('d') the row at `tid` on the active snapshot; values are the definition's columns.
    // Raises: what constraints raise; 40001 where another session has changed the row.
    void write(char action, ItemPointer tid, const Datum *values, const bool *nulls);

    // Writes inserted rows that wait for more of them; on the active snapshot too.
    void flush();

    // Makes the rows visible to what the flush does next.  An error leaves everything to the abort.
    void close();

private:
    void open();
    void fill(TupleTableSlot *slot, const Datum *values, const bool *nulls);
    void insert(const Datum *values, const bool *nulls);
    void insert_waiting();
    TM_Result update(ItemPointer tid);
    void insert_into_indexes(TupleTableSlot *slot, bool update);
    TM_Result remove(ItemPointer tid);
    void check(TM_Result result) const;
    void captured(char action);
    void captured_inserts(int count);

    catalog::Compiled &tview_;
    Relation relation_;
    const catalog::Storage &storage_;
    Snapshot crosscheck_;
    EState *executor_ = nullptr;
    ResultRelInfo *result_ = nullptr;
    bool indexes_open_ = false;
    TupleTableSlot *new_slot_ = nullptr;
    TupleTableSlot *old_slot_ = nullptr;
    static constexpr int most_waiting = 64;
    static constexpr std::size_t most_waiting_bytes = 65536;
    TupleTableSlot *inserts_[most_waiting] = {};
    int waiting_ = 0;
    std::size_t waiting_bytes_ = 0;
    std::shared_ptr<const catalog::CaptureTargets> targets_;
    std::unique_ptr<capture::RowCapture> capture_;
};

}  // namespace tviews::refresh
