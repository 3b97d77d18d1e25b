// The C ABI between LocalTorch (C#) and libtorch. A tensor handle is an at::Tensor*, owned by whoever received it.
// A function that can fail returns 0 on success; the message of the last failure on this thread is lt_error().
#pragma once
#include <ATen/ATen.h>
#include <cstdint>
#include <string>

#define LT_API extern "C" __attribute__((visibility("default")))

namespace localtorch {

using Handle = at::Tensor*;

inline Handle give(at::Tensor tensor) {
    return tensor.defined() ? new at::Tensor(std::move(tensor)) : nullptr;
}

void set_error(const char* message);

// Runs an action; turns any C++ exception into a message and a return code, so that none crosses the ABI.
template <typename Action>
int32_t guarded(Action&& action) {
    try {
        action();
        return 0;
    } catch (const c10::Error& error) {
        set_error(error.what_without_backtrace());
    } catch (const std::exception& error) {
        set_error(error.what());
    } catch (...) {
        set_error("unknown native exception");
    }
    return 1;
}

}  // namespace localtorch
