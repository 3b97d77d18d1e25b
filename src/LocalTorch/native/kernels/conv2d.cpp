// A convolution and its input gradient for images that travel channels-last, float, without groups or dilation.
//
//   y[n, i, j, k]  = Σ x[n, i·s − p_y + u, j·s − p_x + v, c] · w[k, c, u, v]
//   ∂L/∂x[n, i, j, c] = Σ g[n, (i + p_y − u) / s, (j + p_x − v) / s, k] · w[k, c, u, v]   where both quotients are whole
//
// Both are one loop. An image is copied into a frame of zeros that stays in cache; then each tile of neighbouring pixels
// multiplies its taps with the filters, whose output channels fill the vector lanes. The input gradient of a stride s falls
// into s² phases, the pixels with the same remainders, each with its own taps; a phase is a convolution of stride 1.
// Sums are float, in a fixed order: results do not depend on the number of threads. The input gradient of most 3 × 3
// convolutions of stride 1 goes another way: winograd_conv2d.h.
#include "vector_kernels.h"
#include "winograd_conv2d.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/library.h>

#include <algorithm>
#include <cstring>

namespace efqat {
namespace {

// One kernel position, and the pixel of the frame it reads for the first output pixel.
struct Tap {
    int64_t kernel_y, kernel_x, frame_y, frame_x;
};

// Output pixels that share their taps: every step-th from (y, x) on.
struct Phase {
    int64_t y, x, height, width;
    std::vector<Tap> taps;
};

struct Plan {
    int64_t pad_top, pad_left, frame_height, frame_width;
    int frame_stride;
    int64_t out_stride;
    std::vector<Phase> phases;
};

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

// How many neighbouring columns the taps have, row by row, where the tile can use that; else 1.
int run_length(const std::vector<Tap>& taps, int stride) {
    size_t length = 0;
    while (length < taps.size() && taps[length].frame_y == taps[0].frame_y &&
           taps[length].frame_x == taps[0].frame_x + static_cast<int64_t>(length))
        length++;
    const bool rows = length > 0 && taps.size() % length == 0 && taps.back().frame_x == taps[length - 1].frame_x;
    return stride == 1 && rows && length <= 3 ? static_cast<int>(length) : 1;
}

// Filters in the order in which a tile reads them: [output block][channel block][run][channel][tap][lane].
std::vector<float> pack(const at::TensorAccessor<float, 4>& weight, const std::vector<Tap>& taps, int run, int64_t channels,
                        int64_t out_channels, bool transposed) {
    const int64_t width = vector_kernels().width;
    const bool few = few_channels(channels, out_channels);
    std::vector<float> packed(taps.size() * channels * (few ? out_channels : divide_up(out_channels, width) * width));
    float* to = packed.data();
    for (int64_t first = 0, lanes; first < out_channels; first += lanes) {
        lanes = few ? 1 : out_channels - first > width ? 2 * width : width;
        for (int64_t block = 0; block < channels; block += kChannelBlock)
            for (size_t t = 0; t < taps.size(); t += run)
                for (int64_t c = block; c < std::min(channels, block + kChannelBlock); c++)
                    for (int r = 0; r < run; r++, to += lanes)
                        for (int64_t lane = 0; lane < std::min(lanes, out_channels - first); lane++) {
                            const auto& [u, v, y, x] = taps[t + r];
                            to[lane] = transposed ? weight[c][first + lane][u][v] : weight[first + lane][c][u][v];
                        }
    }
    return packed;
}

// One row of pixels into blocks of channels.
void to_frame(const float* from, int64_t pixels, int64_t channels, float* to, int64_t block) {
    for (int64_t first = 0; first < channels; first += kChannelBlock, from += kChannelBlock, to += block)
        if (const int64_t count = channels - first; count >= kChannelBlock)
            for (int64_t p = 0; p < pixels; p++)
                std::memcpy(to + p * kChannelBlock, from + p * channels, kChannelBlock * sizeof(float));
        else
            for (int64_t p = 0; p < pixels; p++) std::memcpy(to + p * kChannelBlock, from + p * channels, count * sizeof(float));
}

at::Tensor run(const Plan& plan, const at::Tensor& input, const at::Tensor& weight, int64_t out_channels, int64_t out_height,
               int64_t out_width, bool transposed) {
    const at::Tensor from = input.contiguous(at::MemoryFormat::ChannelsLast);
    at::Tensor to = at::empty({from.size(0), out_channels, out_height, out_width},
                              from.options().memory_format(at::MemoryFormat::ChannelsLast));
    const int64_t channels = from.size(1), height = from.size(2), width = from.size(3);
    const int64_t frame_row = plan.frame_width * kChannelBlock, frame_block = plan.frame_height * frame_row;
    const int64_t rows = std::min(height, plan.frame_height - plan.pad_top);
    const int64_t columns = std::min(width, plan.frame_width - plan.pad_left);

    const at::Tensor filters = weight.contiguous();
    struct Part {
        const Phase& phase;
        int run;
        std::vector<int64_t> runs;
        std::vector<float> filters;
    };
    std::vector<Part> parts;
    for (const Phase& phase : plan.phases) {
        const int run = few_channels(channels, out_channels) ? 1 : run_length(phase.taps, plan.frame_stride);
        std::vector<int64_t> runs;
        for (size_t t = 0; t < phase.taps.size(); t += run)
            runs.push_back(phase.taps[t].frame_y * frame_row + phase.taps[t].frame_x * kChannelBlock);
        parts.push_back({phase, run, runs, pack(filters.accessor<float, 4>(), phase.taps, run, channels, out_channels, transposed)});
    }
    const float* source = from.data_ptr<float>();
    float* result = to.data_ptr<float>();
    at::parallel_for(0, from.size(0), 1, [&](int64_t begin, int64_t end) {
        const int64_t past_end = vector_kernels().width * plan.frame_stride * kChannelBlock;
        std::vector<float> frame(divide_up(channels, kChannelBlock) * frame_block + past_end);
        for (int64_t image = begin; image < end; image++) {
            for (int64_t row = 0; row < rows; row++)
                to_frame(source + (image * height + row) * width * channels, columns, channels,
                         &frame[(row + plan.pad_top) * frame_row + plan.pad_left * kChannelBlock], frame_block);
            for (const auto& [phase, run, runs, packed] : parts)
                vector_kernels().pixel_products.multiply(
                    {frame.data(), frame_block, plan.frame_stride * frame_row, plan.frame_stride}, runs, run, channels,
                    packed.data(),
                    {result + ((image * out_height + phase.y) * out_width + phase.x) * out_channels, phase.height, phase.width,
                     plan.out_stride * out_width * out_channels, plan.out_stride * out_channels},
                    out_channels);
        }
    });
    return to;
}

void check(const at::Tensor& x, const at::Tensor& weight, int64_t weight_dim, int64_t stride, at::IntArrayRef padding) {
    TORCH_CHECK(x.dim() == 4 && x.scalar_type() == at::kFloat && weight.dim() == 4 && weight.scalar_type() == at::kFloat,
                "conv2d: both operands must be float and have 4 dimensions");
    TORCH_CHECK(x.size(1) == weight.size(weight_dim), "conv2d: the operand has ", x.size(1), " channels, the filters have ",
                weight.size(weight_dim));
    TORCH_CHECK(stride == 1 || stride == 2, "conv2d: the stride must be 1 or 2, got ", stride);
    TORCH_CHECK(padding.size() == 2 && padding[0] >= 0 && padding[1] >= 0, "conv2d: the padding must be two numbers from 0 on, got ",
                padding);
}

int64_t output_size(int64_t size, int64_t kernel, int64_t stride, int64_t pad) {
    TORCH_CHECK(size + 2 * pad >= kernel, "conv2d: the kernel is larger than the padded image");
    return (size + 2 * pad - kernel) / stride + 1;
}

at::Tensor conv2d(const at::Tensor& x, const at::Tensor& weight, int64_t stride, at::IntArrayRef padding) {
    check(x, weight, 1, stride, padding);
    const int64_t kernel_y = weight.size(2), kernel_x = weight.size(3);
    const int64_t frame_height = x.size(2) + 2 * padding[0], frame_width = x.size(3) + 2 * padding[1];
    const int64_t height = output_size(x.size(2), kernel_y, stride, padding[0]);
    const int64_t width = output_size(x.size(3), kernel_x, stride, padding[1]);
    Phase all{0, 0, height, width, {}};
    for (int64_t u = 0; u < kernel_y; u++)
        for (int64_t v = 0; v < kernel_x; v++) all.taps.push_back({u, v, u, v});
    return run({padding[0], padding[1], frame_height, frame_width, static_cast<int>(stride), 1, {all}}, x, weight, weight.size(0),
               height, width, false);
}

// How one axis of the input gradient falls into phases.
struct Axis {
    int64_t size, kernel, stride, pad, before, frame;

    Axis(int64_t size, int64_t out, int64_t kernel, int64_t stride, int64_t pad)
        : size(size), kernel(kernel), stride(stride), pad(pad), before(std::max<int64_t>(0, divide_up(kernel - 1 - pad, stride))),
          frame(before + std::max(out, (size - 1 + pad) / stride + 1)) {}

    bool reads(int64_t phase, int64_t tap) const { return (phase + pad - tap) % stride == 0; }
    int64_t frame_at(int64_t phase, int64_t tap) const { return (phase + pad - tap) / stride + before; }
    int64_t count(int64_t phase) const { return divide_up(size - phase, stride); }
};

at::Tensor conv2d_input_gradient(const at::Tensor& grad, const at::Tensor& weight, at::IntArrayRef input_size,
                                 int64_t stride, at::IntArrayRef padding) {
    check(grad, weight, 0, stride, padding);
    TORCH_CHECK(input_size.size() == 4 && input_size[0] == grad.size(0) && input_size[1] == weight.size(1) &&
                    output_size(input_size[2], weight.size(2), stride, padding[0]) == grad.size(2) &&
                    output_size(input_size[3], weight.size(3), stride, padding[1]) == grad.size(3),
                "conv2d: grad of shape ", grad.sizes(), " does not belong to an input of shape ", input_size);
    if (is_for_winograd(weight, stride) && padding[0] <= 2 && padding[1] <= 2)
        return winograd_input_gradient(grad, weight, input_size, padding);
    const Axis y(input_size[2], grad.size(2), weight.size(2), stride, padding[0]);
    const Axis x(input_size[3], grad.size(3), weight.size(3), stride, padding[1]);
    Plan plan{y.before, x.before, y.frame, x.frame, 1, stride, {}};
    for (int64_t i = 0; i < std::min(stride, y.size); i++)
        for (int64_t j = 0; j < std::min(stride, x.size); j++) {
            Phase phase{i, j, y.count(i), x.count(j), {}};
            for (int64_t u = y.kernel - 1; u >= 0; u--)
                for (int64_t v = x.kernel - 1; v >= 0; v--)
                    if (y.reads(i, u) && x.reads(j, v)) phase.taps.push_back({u, v, y.frame_at(i, u), x.frame_at(j, v)});
            plan.phases.push_back(phase);
        }
    return run(plan, grad, weight, weight.size(1), y.size, x.size, true);
}

}  // namespace

TORCH_LIBRARY_IMPL(efqat, CPU, m) {
    m.impl("conv2d", conv2d);
    m.impl("conv2d_input_gradient", conv2d_input_gradient);
}

}  // namespace efqat
