// Snapshots of a flush; see view_of_data.hpp.
#include "refresh/view_of_data.hpp"

#include <exception>

namespace tviews::refresh {

SnapshotScope::SnapshotScope(Moment moment) : exceptions_(std::uncaught_exceptions())
{
    pg::call([&] {
        AcceptInvalidationMessages();
        if (moment == Moment::read && IsolationUsesXactSnapshot()) {
            PushCopiedSnapshot(GetTransactionSnapshot());
            UpdateActiveSnapshotCommandId();
        } else {
            PushActiveSnapshot(GetLatestSnapshot());
        }
    });
}

SnapshotScope::~SnapshotScope()
{
    if (std::uncaught_exceptions() == exceptions_)
        PopActiveSnapshot();
}

Snapshot crosscheck(Moment moment)
{
    bool first_updater_wins = IsolationIsSerializable() || (moment == Moment::read && IsolationUsesXactSnapshot());
    return first_updater_wins ? pg::call(GetTransactionSnapshot) : InvalidSnapshot;
}

}  // namespace tviews::refresh
