// Reading PostgreSQL's List as a C++ range.  Reads only; nothing here allocates or raises.
#pragma once

#include "pg/postgres.hpp"

namespace tviews::pg {

template <class T>
class ListRange {
public:
    explicit ListRange(const List *list) noexcept : list_(list) {}
    class Iterator {
    public:
        explicit Iterator(const ListCell *cell) noexcept : cell_(cell) {}
        T *operator*() const noexcept { return static_cast<T *>(lfirst(cell_)); }
        Iterator &operator++() noexcept
        {
            ++cell_;
            return *this;
        }
        bool operator!=(const Iterator &other) const noexcept { return cell_ != other.cell_; }

    private:
        const ListCell *cell_;
    };
    Iterator begin() const noexcept { return Iterator(list_ ? list_->elements : nullptr); }
    Iterator end() const noexcept { return Iterator(list_ ? list_->elements + list_->length : nullptr); }

private:
    const List *list_;
};

template <class T>
ListRange<T> items(const List *list) noexcept
{
    return ListRange<T>(list);
}

inline ListRange<Node> nodes(const List *list) noexcept
{
    return ListRange<Node>(list);
}

inline int length(const List *list) noexcept
{
    return list ? list->length : 0;
}

inline void *nth(const List *list, int n) noexcept
{
    return lfirst(&list->elements[n]);
}

// Whether one of the SortGroupClauses means the target entry of this ressortgroupref; 0, which an entry has that none means, is in none.
inline bool in_clauses(Index reference, const List *clauses) noexcept
{
    for (auto *clause : items<SortGroupClause>(clauses))
        if (reference != 0 && clause->tleSortGroupRef == reference)
            return true;
    return false;
}

}  // namespace tviews::pg
