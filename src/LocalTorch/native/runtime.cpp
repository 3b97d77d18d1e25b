// Error text, version, threads, random numbers and devices.
#include "seam.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/version.h>

using namespace localtorch;

namespace {

thread_local std::string last_error;

bool cuda_registered() { return c10::impl::hasDeviceGuardImpl(c10::DeviceType::CUDA); }

int32_t cuda_count() {
    return cuda_registered() ? c10::impl::VirtualGuardImpl(c10::DeviceType::CUDA).deviceCount() : 0;
}

at::Generator generator(int64_t device) {
    return at::globalContext().defaultGenerator(c10::Device(static_cast<c10::DeviceType>(device >> 32),
                                                            static_cast<c10::DeviceIndex>(static_cast<int32_t>(device))));
}

}  // namespace

void localtorch::set_error(const char* message) { last_error = message; }

LT_API const char* lt_error() { return last_error.c_str(); }

LT_API const char* lt_version() { return TORCH_VERSION; }

LT_API int32_t lt_threads() { return at::get_num_threads(); }

LT_API void lt_set_threads(int32_t count) { at::set_num_threads(count); }

LT_API int32_t lt_tf32_cudnn() { return at::globalContext().allowTF32CuDNN(); }

LT_API void lt_allow_tf32_cudnn(int32_t allow) { at::globalContext().setAllowTF32CuDNN(allow != 0); }

LT_API int32_t lt_tf32_cublas() { return at::globalContext().allowTF32CuBLAS(); }

LT_API void lt_allow_tf32_cublas(int32_t allow) { at::globalContext().setAllowTF32CuBLAS(allow != 0); }

LT_API int32_t lt_cuda_count() { return cuda_count(); }

LT_API int32_t lt_cuda_synchronize(int32_t index) {
    return guarded([&] {
        c10::impl::VirtualGuardImpl guard(c10::DeviceType::CUDA);
        auto device = index < 0 ? guard.getDevice() : c10::Device(c10::DeviceType::CUDA, index);
        guard.synchronizeStream(guard.getStream(device));
    });
}

LT_API int32_t lt_manual_seed(int64_t seed) {
    return guarded([&] { at::manual_seed(seed); });
}

LT_API Handle lt_rng_state(int64_t device) {
    Handle state = nullptr;
    guarded([&] {
        auto source = generator(device);
        std::lock_guard<std::mutex> lock(source.mutex());
        state = give(source.get_state());
    });
    return state;
}

LT_API int32_t lt_set_rng_state(int64_t device, Handle state) {
    return guarded([&] {
        auto source = generator(device);
        std::lock_guard<std::mutex> lock(source.mutex());
        source.set_state(*state);
    });
}
