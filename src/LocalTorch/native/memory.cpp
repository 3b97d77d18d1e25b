// libtorch's CPU allocator, replaced by one that counts and keeps freed blocks.
// A training step allocates and frees the same large tensors again and again; the system's allocator unmaps each and
// every page is faulted in anew, which costs more than many of the operators. Large blocks ask for huge pages. What is held stays within
// twice what was live at once, whatever sizes come and go.
#include "seam.h"

#include <c10/core/CPUAllocator.h>
#include <sys/mman.h>
#include <torch/version.h>

#include <atomic>
#include <map>
#include <mutex>
#include <vector>

using namespace localtorch;

namespace {

constexpr size_t kHeader = 64;             // keeps the data on a cache line, as libtorch's vector code expects
constexpr size_t kCachedFrom = 256 << 10;  // smaller blocks are the system allocator's own strength
constexpr size_t kHugePage = 2 << 20;
constexpr int64_t kMostHeld = 2;  // live and kept bytes together, by what was live at once

std::atomic<int64_t> live_bytes{0}, peak_bytes{0}, most_live_bytes{0}, cached_bytes{0};

struct Kept {
    void* memory;
    uint64_t turn;  // in which it was freed
};

std::mutex cache_lock;
std::map<size_t, std::vector<Kept>> cache;  // by the block's size, in order of turns
uint64_t turns = 0;

struct Header {
    size_t block, requested;
};

void raise(std::atomic<int64_t>& most, int64_t now) {
    auto before = most.load();
    while (now > before && !most.compare_exchange_weak(before, now)) {}
}

void count(int64_t bytes) {
    auto now = live_bytes += bytes;
    raise(peak_bytes, now);
    raise(most_live_bytes, now);
}

// Eight sizes between one power of two and the next: at most 12.5 % is wasted, and blocks are found again.
size_t block_size(size_t bytes) {
    size_t step = kCachedFrom / 8;
    while (step * 16 <= bytes) step *= 2;
    return (bytes + step - 1) / step * step;
}

void* system_allocate(size_t block) {
    void* memory = nullptr;
    size_t alignment = block >= kHugePage ? kHugePage : kHeader;
    TORCH_CHECK(posix_memalign(&memory, alignment, block) == 0, "not enough memory: tried to allocate ", block, " bytes");
    if (block >= kHugePage) madvise(memory, block, MADV_HUGEPAGE);
    return memory;
}

// Gives those back that nobody has asked for the longest while more is held than a program of these sizes needs.
void shrink() {
    while (cached_bytes > 0 && live_bytes + cached_bytes > kMostHeld * most_live_bytes) {
        auto oldest = cache.end();
        for (auto kept = cache.begin(); kept != cache.end(); ++kept)
            if (!kept->second.empty() && (oldest == cache.end() || kept->second.front().turn < oldest->second.front().turn)) oldest = kept;
        free(oldest->second.front().memory);
        oldest->second.erase(oldest->second.begin());
        cached_bytes -= oldest->first;
    }
}

void* take(size_t bytes) {
    size_t block = bytes + kHeader;
    void* memory = nullptr;
    if (block >= kCachedFrom) {
        block = block_size(block);
        std::lock_guard<std::mutex> guard(cache_lock);
        auto found = cache.find(block);
        if (found != cache.end() && !found->second.empty()) {
            memory = found->second.back().memory;
            found->second.pop_back();
            cached_bytes -= block;
        }
    }
    if (!memory) memory = system_allocate(block);
    *static_cast<Header*>(memory) = {block, bytes};
    count(bytes);
    if (block >= kCachedFrom) {
        std::lock_guard<std::mutex> guard(cache_lock);
        shrink();
    }
    return static_cast<char*>(memory) + kHeader;
}

void release(void* data) {
    if (!data) return;
    void* memory = static_cast<char*>(data) - kHeader;
    auto header = *static_cast<Header*>(memory);
    count(-static_cast<int64_t>(header.requested));
    if (header.block >= kCachedFrom) {
        std::lock_guard<std::mutex> guard(cache_lock);
        cache[header.block].push_back({memory, turns++});
        cached_bytes += header.block;
        shrink();
    } else {
        free(memory);
    }
}

struct CachingAllocator final : c10::Allocator {
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 3)
    c10::DataPtr allocate(size_t bytes) override { return make(bytes); }
    void copy_data(void* to, const void* from, size_t bytes) const override { default_copy_data(to, from, bytes); }
#else
    c10::DataPtr allocate(size_t bytes) const override { return make(bytes); }
#endif
    c10::DeleterFnPtr raw_deleter() const override { return &release; }

private:
    static c10::DataPtr make(size_t bytes) {
        void* data = bytes ? take(bytes) : nullptr;
        return {data, data, &release, c10::Device(c10::DeviceType::CPU)};
    }
};

CachingAllocator allocator;

}  // namespace

LT_API void lt_memory_install() { c10::SetCPUAllocator(&allocator, 1); }

LT_API int64_t lt_memory_live() { return live_bytes; }

LT_API int64_t lt_memory_peak() { return peak_bytes; }

LT_API int64_t lt_memory_cached() { return cached_bytes; }

LT_API void lt_memory_reset_peak() { peak_bytes = live_bytes.load(); }

// Gives kept blocks back to the system.
LT_API void lt_memory_trim() {
    std::lock_guard<std::mutex> guard(cache_lock);
    for (auto& [size, blocks] : cache)
        for (const Kept& block : blocks) free(block.memory);
    cache.clear();
    cached_bytes = 0;
}
