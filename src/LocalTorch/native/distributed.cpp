// Workers that train together, over libtorch's own c10d: gloo on the CPU, NCCL on CUDA; and what tells that a gradient is complete.
#include "seam.h"

#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/variable.h>

#include <chrono>
#include <cstdlib>

#ifdef USE_C10D_GLOO
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#ifdef USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif
#endif

using namespace localtorch;
using torch::autograd::Node;
using torch::autograd::variable_list;

namespace {

using Notify = void (*)(void* state);

struct CompleteGradient : torch::autograd::FunctionPostHook {
    CompleteGradient(void* state, Notify notify) : state_(state), notify_(notify) {}

    variable_list operator()(const variable_list& outputs, const variable_list&) override {
        notify_(state_);
        return outputs;
    }

private:
    void* state_;
    Notify notify_;
};

// Holds the leaf's node, which the leaf itself refers to only weakly.
struct Hook {
    std::shared_ptr<Node> accumulator;
    uintptr_t key;
};

#ifdef USE_C10D_GLOO

// c10d's groups have another base class in libtorch 2 than in 1.13, and the same functions.
struct Group {
    virtual ~Group() = default;
    virtual c10::intrusive_ptr<c10d::Work> all_reduce(std::vector<at::Tensor> tensors) = 0;
    virtual c10::intrusive_ptr<c10d::Work> broadcast(std::vector<at::Tensor> tensors) = 0;
};

template <typename Backend>
struct GroupOf final : Group {
    explicit GroupOf(c10::intrusive_ptr<Backend> backend) : backend_(std::move(backend)) {}

    c10::intrusive_ptr<c10d::Work> all_reduce(std::vector<at::Tensor> tensors) override { return backend_->allreduce(tensors); }

    c10::intrusive_ptr<c10d::Work> broadcast(std::vector<at::Tensor> tensors) override { return backend_->broadcast(tensors); }

private:
    c10::intrusive_ptr<Backend> backend_;
};

using WorkHandle = c10::intrusive_ptr<c10d::Work>*;

// As torch.distributed's env:// does: torchrun's agent may keep the store itself, and a restarted job must not read what the first one wrote.
c10::intrusive_ptr<c10d::Store> open_store(const char* host, int32_t port, int32_t rank, int32_t size, std::chrono::milliseconds timeout) {
    auto agent = std::getenv("TORCHELASTIC_USE_AGENT_STORE");
    auto attempt = std::getenv("TORCHELASTIC_RESTART_COUNT");
    c10d::TCPStoreOptions options;
    options.port = static_cast<uint16_t>(port);
    options.isServer = rank == 0 && !(agent && std::string(agent) == "True");
    options.numWorkers = size;
    options.waitWorkers = false;  // the group waits for all
    options.timeout = timeout;
    return c10::make_intrusive<c10d::PrefixStore>(std::string("efqat/") + (attempt ? attempt : "0"),
                                                  c10::make_intrusive<c10d::TCPStore>(host, options));
}

Group* open_group(bool cuda, c10::intrusive_ptr<c10d::Store> store, int32_t rank, int32_t size, std::chrono::milliseconds timeout) {
    if (cuda) {
#ifdef USE_C10D_NCCL
        auto options = c10d::ProcessGroupNCCL::Options::create();
        options->timeout = timeout;
        return new GroupOf<c10d::ProcessGroupNCCL>(c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, size, options));
#else
        TORCH_CHECK(false, "this build has no NCCL: nccl.h or CUDA's headers were not found when it was built");
#endif
    }
    auto options = c10d::ProcessGroupGloo::Options::create(timeout);
    auto interface = std::getenv("GLOO_SOCKET_IFNAME");
    options->devices.push_back(interface ? c10d::ProcessGroupGloo::createDeviceForInterface(interface)
                                         : c10d::ProcessGroupGloo::createDefaultDevice());
    return new GroupOf<c10d::ProcessGroupGloo>(c10::make_intrusive<c10d::ProcessGroupGloo>(store, rank, size, options));
}

#else

struct Group {};
using WorkHandle = void*;

[[noreturn]] void missing() {
    TORCH_CHECK(false, "this libtorch was built without gloo (USE_GLOO), over which workers talk; use Debian's libtorch or PyTorch's wheels");
}

#endif

}  // namespace

// Calls `notify` on the thread of the backward pass whenever the leaf's gradient is complete.
LT_API void* lt_hook(Handle leaf, void* state, Notify notify) {
    Hook* hook = nullptr;
    guarded([&] {
        auto accumulator = torch::autograd::impl::grad_accumulator(*leaf);
        auto key = accumulator->add_post_hook(std::make_unique<CompleteGradient>(state, notify));
        hook = new Hook{std::move(accumulator), key};
    });
    return hook;
}

LT_API void lt_unhook(void* handle) {
    auto hook = static_cast<Hook*>(handle);
    hook->accumulator->del_post_hook(hook->key);
    delete hook;
}

// Waits until all `size` workers are there, at most `timeout` milliseconds.
LT_API int32_t lt_group_open(const char* host, int32_t port, int32_t rank, int32_t size, int32_t cuda, int64_t timeout, Group** group) {
    return guarded([&] {
#ifdef USE_C10D_GLOO
        std::chrono::milliseconds limit(timeout);
        *group = open_group(cuda != 0, open_store(host, port, rank, size, limit), rank, size, limit);
#else
        missing();
#endif
    });
}

LT_API void lt_group_close(Group* group) { delete group; }

// The sum over all workers, in place. Groups match calls by their order, which must be the same everywhere.
LT_API int32_t lt_group_all_reduce(Group* group, Handle tensor, WorkHandle* work) {
    return guarded([&] {
#ifdef USE_C10D_GLOO
        *work = new c10::intrusive_ptr<c10d::Work>(group->all_reduce({*tensor}));
#else
        missing();
#endif
    });
}

// The first worker's values, in place.
LT_API int32_t lt_group_broadcast(Group* group, Handle tensor) {
    return guarded([&] {
#ifdef USE_C10D_GLOO
        group->broadcast({*tensor})->wait();
#else
        missing();
#endif
    });
}

// Waits until a work is done, and frees it.
LT_API int32_t lt_work_wait(WorkHandle work) {
    return guarded([&] {
#ifdef USE_C10D_GLOO
        std::unique_ptr<c10::intrusive_ptr<c10d::Work>> owner(work);
        (*owner)->wait();
#else
        missing();
#endif
    });
}
