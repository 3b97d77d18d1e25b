#include "winograd_conv2d.h"

#include "vector_kernels.h"

#include <ATen/Parallel.h>

#include <cstring>

namespace efqat {
namespace {

using Eight = float __attribute__((vector_size(32)));

// G f
inline void to_points(const Eight& a, const Eight& b, const Eight& c, Eight (&to)[6]) {
    const Eight near = (a + c) / -6.f, far = a / 24.f + c / 6.f;
    to[0] = a / 4.f;
    to[1] = near - b / 6.f;
    to[2] = near + b / 6.f;
    to[3] = far + b / 12.f;
    to[4] = far - b / 12.f;
    to[5] = c;
}

// G f Gᵀ of every filter f, turned by half a circle as the input gradient reads it, in the order of Winograd's products.
void transform_filters(const float* from, int64_t channels, int64_t out_channels, float* filters) {
    const int64_t block = vector_kernels().winograd.block;
    at::parallel_for(0, channels, 8, [&](int64_t begin, int64_t end) {
        for (int64_t c = begin; c < end; c++)
            for (int64_t k = 0; k < out_channels; k += 8) {
                Eight f[9], half[3][6], points[6];
                for (int lane = 0; lane < 8; lane++)
                    for (int tap = 0; tap < 9; tap++) f[tap][lane] = from[(c * out_channels + k + lane) * 9 + 8 - tap];
                for (int v = 0; v < 3; v++) to_points(f[v], f[3 + v], f[6 + v], half[v]);
                const int64_t first = k / block * block, lanes = std::min(block, out_channels - first);
                float* to = filters + first * channels + c * lanes + k - first;
                for (int i = 0; i < 6; i++) {
                    to_points(half[0][i], half[1][i], half[2][i], points);
                    for (int j = 0; j < 6; j++, to += channels * out_channels) std::memcpy(to, &points[j], sizeof(Eight));
                }
            }
    });
}

}  // namespace

bool is_for_winograd(const at::Tensor& weight, int64_t stride) {
    constexpr int64_t kFiltersThatStayInCache = 128 * 128;
    return stride == 1 && weight.size(2) == 3 && weight.size(3) == 3 && weight.size(0) % kChannelBlock == 0 &&
           weight.size(1) % kChannelBlock == 0 && weight.size(0) * weight.size(1) <= kFiltersThatStayInCache;
}

at::Tensor winograd_input_gradient(const at::Tensor& grad, const at::Tensor& weight, at::IntArrayRef input_size, at::IntArrayRef padding) {
    const at::Tensor from = grad.contiguous(at::MemoryFormat::ChannelsLast), taps = weight.contiguous();
    at::Tensor to = at::empty(input_size, from.options().memory_format(at::MemoryFormat::ChannelsLast));
    const int64_t channels = from.size(1), out_channels = to.size(1);
    const WinogradImages images{from.data_ptr<float>(), to.data_ptr<float>(), channels, from.size(2), from.size(3), 2 - padding[0],
                                2 - padding[1], out_channels, to.size(2), to.size(3)};
    // Tensors, not vectors: their memory is not zeroed, and lies in huge pages, which 36 positions at once would else miss.
    const at::Tensor filters = at::empty({kTilePositions * channels * out_channels}, taps.options());
    transform_filters(taps.data_ptr<float>(), channels, out_channels, filters.data_ptr<float>());
    constexpr int64_t kTiles = 24;  // at once: what they need stays in the second-level cache
    const int64_t tiles = from.size(0) * images.tiles(), scratch_size = winograd_scratch(kTiles, images);
    const at::Tensor scratch = at::empty({at::get_num_threads() * scratch_size}, taps.options());
    at::parallel_for(0, (tiles + kTiles - 1) / kTiles, 1, [&](int64_t begin, int64_t end) {
        for (int64_t group = begin; group < end; group++)
            vector_kernels().winograd.convolve(images, filters.data_ptr<float>(), group * kTiles, std::min(tiles, (group + 1) * kTiles),
                                               scratch.data_ptr<float>() + at::get_thread_num() * scratch_size);
    });
    return to;
}

}  // namespace efqat
