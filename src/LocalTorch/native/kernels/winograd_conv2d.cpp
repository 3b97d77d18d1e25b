#include "winograd_conv2d.h"

#include "vector_kernels.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstring>

namespace efqat {
namespace {

using Eight = float __attribute__((vector_size(32)));

// G f
inline void to_points(const Eight& a, const Eight& b, const Eight& c, Eight (&to)[6]) {
    constexpr float kSixth = 1 / 6.f;
    const Eight near = (a + c) * -kSixth, odd = b * kSixth, far = a * (kSixth / 4) + c * kSixth;
    to[0] = a * .25f;
    to[1] = near - odd;
    to[2] = near + odd;
    to[3] = far + odd * .5f;
    to[4] = far - odd * .5f;
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
                const int64_t pair = lanes == vector_kernels().width ? 2 : 1;
                float* to = filters + first * channels + c / pair * pair * lanes + c % pair + (k - first) * pair;
                for (int i = 0; i < 6; i++) {
                    to_points(half[0][i], half[1][i], half[2][i], points);
                    for (int j = 0; j < 6; j++, to += channels * out_channels)
                        for (int lane = 0; lane < 8; lane++) to[lane * pair] = points[j][lane];
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

WinogradInputGradient::WinogradInputGradient(const at::Tensor& weight, at::IntArrayRef grad_size, at::IntArrayRef input_size,
                                             at::IntArrayRef padding)
    : shape_{nullptr, nullptr, grad_size[1], grad_size[2], grad_size[3], 2 - padding[0], 2 - padding[1],
             input_size[1], input_size[2], input_size[3]},
      scratch_size_(winograd_scratch(shape_)),
      filters_(at::empty({kTilePositions * shape_.channels * shape_.out_channels}, weight.options())),
      scratch_(at::empty({at::get_num_threads() * scratch_size_}, weight.options())) {
    TORCH_CHECK(weight.size(0) == grad_size[1] && weight.size(1) == input_size[1] && padding[0] <= 2 && padding[1] <= 2 &&
                    input_size[2] + 2 * padding[0] - 2 == grad_size[2] && input_size[3] + 2 * padding[1] - 2 == grad_size[3],
                "conv2d: grad of shape ", grad_size, " does not belong to an input of shape ", input_size);
    transform_filters(weight.contiguous().data_ptr<float>(), shape_.channels, shape_.out_channels, filters_.data_ptr<float>());
}

void WinogradInputGradient::run(const float* grad, const float* summand, float* to, int64_t images) {
    const int64_t tiles = images * shape_.tiles(), groups = (tiles + kWinogradTiles - 1) / kWinogradTiles;
    for (int64_t group = 0; group < groups; group++)
        run(grad, summand, to, tiles * group / groups, tiles * (group + 1) / groups);
}

void WinogradInputGradient::run(const float* grad, const float* summand, float* to, int64_t first, int64_t last) {
    WinogradImages images = shape_;
    images.from = grad;
    images.to = to;
    images.summand = summand;
    vector_kernels().winograd.convolve(images, filters_.data_ptr<float>(), first, last,
                                       scratch_.data_ptr<float>() + at::get_thread_num() * scratch_size_);
}

at::Tensor winograd_input_gradient(const at::Tensor& grad, const at::Tensor& weight, at::IntArrayRef input_size, at::IntArrayRef padding) {
    const at::Tensor from = grad.contiguous(at::MemoryFormat::ChannelsLast);
    at::Tensor to = at::empty(input_size, from.options().memory_format(at::MemoryFormat::ChannelsLast));
    WinogradInputGradient layer(weight, from.sizes(), input_size, padding);
    const int64_t tiles = from.size(0) * layer.tiles();
    at::parallel_for(0, (tiles + kWinogradTiles - 1) / kWinogradTiles, 1, [&](int64_t begin, int64_t end) {
        for (int64_t group = begin; group < end; group++)
            layer.run(from.data_ptr<float>(), nullptr, to.data_ptr<float>(), group * kWinogradTiles,
                      std::min(tiles, (group + 1) * kWinogradTiles));
    });
    return to;
}

}  // namespace efqat
