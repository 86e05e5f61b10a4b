// Marks DDL that the extension runs itself, so that its own event triggers leave it alone.
#pragma once

namespace tviews::ddl {

class InternalDdl {
public:
    InternalDdl() noexcept { ++depth; }
    ~InternalDdl() { --depth; }
    InternalDdl(const InternalDdl &) = delete;
    InternalDdl &operator=(const InternalDdl &) = delete;
    static bool running() noexcept { return depth > 0; }

private:
    static inline int depth = 0;
};

}  // namespace tviews::ddl
