// One backward pass through a fake-quantizer, the batch normalization before it and the 3 × 3 convolution before that.
//
// One after another, each would write a gradient of the size of the layer's output for the next to read. Here, once the sums of the
// normalization are known, a few images at a time go all the way while their gradient is in the second-level cache: it is written by the
// normalization and read by the convolution's two products, and no memory is touched in between. All three give what they give alone, bit
// for bit: the parts are whole blocks of each. What else arrives at the convolution's input is added as its gradient is written.
#include "batch_norm.h"
#include "conv2d_weight_rows.h"
#include "winograd_conv2d.h"

#include <ATen/Parallel.h>
#include <torch/library.h>

#include <array>
#include <chrono>
#include <optional>
#include <tuple>

namespace efqat {
namespace {

// A thread's part of the gradient, beside which what it is made from and what is made from it want room.
constexpr int64_t kCacheBytes = 256 << 10;

enum Work { kNorm, kInput, kWeight, kWorks };

class Clock {
public:
    double lap() {
        const auto now = std::chrono::steady_clock::now();
        const double seconds = std::chrono::duration<double>(now - last_).count();
        last_ = now;
        return seconds;
    }

private:
    std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

using Seconds = std::array<double, kWorks>;
using Results = std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor, at::Tensor, at::Tensor, at::Tensor>;

Results conv_norm_fake_quantize_backward(const at::Tensor& grad, const at::Tensor& x, const at::Tensor& mean, const at::Tensor& inverse,
                                         const at::Tensor& norm_weight, const at::Tensor& norm_bias, const at::Tensor& scale,
                                         const at::Tensor& zero_point, int64_t qmin, int64_t qmax, bool relu, const at::Tensor& weight,
                                         at::IntArrayRef input_size, at::IntArrayRef padding, const at::Tensor& rows,
                                         at::TensorList codes, int64_t codes_qmin, const c10::optional<at::Tensor>& summand) {
    TORCH_CHECK(codes.size() == 3 || rows.numel() == 0, "conv_norm: codes must be the input's codes, scale and zero point");
    TORCH_CHECK(is_for_winograd(weight, 1), "conv_norm: not a convolution that Winograd's tiles take");
    at::Tensor added = summand.value_or(at::Tensor());
    if (added.defined()) {
        TORCH_CHECK(added.scalar_type() == at::kFloat && added.sizes() == input_size, "conv_norm: summand must be float and of input_size");
        added = added.contiguous(at::MemoryFormat::ChannelsLast);
    }
    Clock clock;
    Seconds seconds{};
    const NormBackward norm(grad, x, mean, inverse, norm_weight, norm_bias, scale, zero_point, qmin, qmax, relu);
    seconds[kNorm] += clock.lap();

    const int64_t images = x.size(0), pixels = x.size(2) * x.size(3), floats = pixels * x.size(1);
    const int64_t threads = std::min<int64_t>(at::get_num_threads(), images);
    WinogradInputGradient input(weight, x.sizes(), input_size, padding);
    seconds[kInput] += clock.lap();
    std::optional<WeightRowsOfCodes> sums;
    if (rows.numel() > 0) {
        sums.emplace(x.sizes(), codes[0], codes[1], codes[2], codes_qmin, rows, weight.sizes().slice(2), padding, threads);
        seconds[kWeight] += clock.lap();
    }
    const int64_t block = sums ? sums->images() : 1;
    const int64_t together = std::max<int64_t>(1, kCacheBytes / static_cast<int64_t>(sizeof(float)) / (floats * block)) * block;

    at::Tensor grad_input = at::empty(input_size, x.options().memory_format(at::MemoryFormat::ChannelsLast));
    const int64_t input_floats = grad_input.numel() / images;
    const at::Tensor parts = at::empty({threads * together * floats}, x.options().memory_format(at::MemoryFormat::Contiguous));
    std::vector<Seconds> shares(threads);
    at::parallel_for(0, threads, 1, [&](int64_t begin, int64_t end) {
        for (int64_t t = begin; t < end; t++) {
            float* part = parts.data_ptr<float>() + t * together * floats;
            Clock own;
            Seconds share{};
            for (int64_t image = images * t / threads, last = images * (t + 1) / threads; image < last; image += together) {
                const int64_t count = std::min(together, last - image);
                norm.write(image * pixels, (image + count) * pixels, part);
                share[kNorm] += own.lap();
                const int64_t start = image * input_floats;
                input.run(part, added.defined() ? added.data_ptr<float>() + start : nullptr, grad_input.data_ptr<float>() + start, count);
                share[kInput] += own.lap();
                if (!sums) continue;
                sums->add(t, part, image, image + count);
                share[kWeight] += own.lap();
            }
            shares[t] = share;
        }
    });
    // Who waits for the others waits in proportion.
    Seconds share{};
    for (const Seconds& own : shares)
        for (int work = 0; work < kWorks; work++) share[work] += own[work];
    const double wall = clock.lap(), all = share[kNorm] + share[kInput] + share[kWeight];
    for (int work = 0; work < kWorks; work++) seconds[work] += wall * share[work] / all;
    at::Tensor grad_rows = at::empty({0});
    if (sums) {
        grad_rows = sums->total();
        seconds[kWeight] += clock.lap();
    }
    return {grad_input, grad_rows, norm.grad_weight(), norm.grad_bias(), norm.grad_scale(), norm.grad_zero_point(),
            at::tensor(at::ArrayRef<double>(seconds.data(), kWorks), at::kDouble)};
}

}  // namespace

TORCH_LIBRARY_IMPL(efqat, CPU, m) { m.impl("conv_norm_fake_quantize_backward", conv_norm_fake_quantize_backward); }

}  // namespace efqat
