// Batch normalization of channels-last images in training, and one backward pass through it and the fake-quantizer behind it.
//
//   y = x · a + b      a = γ / √(var + ε)      b = β − mean · a
//   x̂ = fake-quantize(y)                       see fake_quantize.cpp; gm below is its ∂L/∂y
//   ∂L/∂β = Σ gm       ∂L/∂γ = Σ gm · (x − mean) / √(var + ε)
//   ∂L/∂x = a · (gm − ∂L/∂β / n − (x − mean) / √(var + ε) · ∂L/∂γ / n)
//
// Both directions are limited by memory. The backward reads ∂L/∂x̂ and x twice and writes ∂L/∂x once; y is computed anew, so nobody
// keeps it. A pixel's channels are adjacent: loops run over several pixels at once, with the channels' constants repeated for each.
// A lane's sums are float over 64 values, then double; for a fixed number of threads they are deterministic.
#include "batch_norm.h"

#include "simd.h"

#include <ATen/Parallel.h>
#include <torch/library.h>

#include <algorithm>
#include <cmath>
#include <tuple>
#include <vector>

namespace efqat {
namespace {

constexpr int64_t kLaneSums = 64, kGrainPixels = 1024;

// The loops below go over a block of pixels, `lanes` values at a time: the constants and sums are those of the lanes.

EFQAT_CLONES void sum_moments(const float* __restrict x, int64_t count, int64_t lanes, const float* __restrict shift,
                              float* __restrict sum, float* __restrict square) {
    for (; count > 0; count -= lanes, x += lanes)
        for (int64_t i = 0; i < std::min(lanes, count); i++) {
            const float v = x[i] - shift[i];
            sum[i] += v;
            square[i] += v * v;
        }
}

EFQAT_CLONES void normalize(const float* __restrict x, int64_t count, int64_t lanes, const float* __restrict a,
                            const float* __restrict b, float* __restrict y) {
    for (; count > 0; count -= lanes, x += lanes, y += lanes)
        for (int64_t i = 0; i < std::min(lanes, count); i++) y[i] = x[i] * a[i] + b[i];
}

struct QuantizerSums {
    double scale = 0, outside = 0;
};

EFQAT_CLONES void sum_gradients(const float* __restrict g, const float* __restrict x, int64_t count, int64_t lanes, NormBackward::Quantizer by,
                                const float* __restrict a, const float* __restrict b, const float* __restrict mean,
                                float* __restrict sum, float* __restrict product, QuantizerSums& quantizer) {
    for (; count > 0; count -= lanes, x += lanes, g += lanes) {
        float scale = 0, outside = 0;
#pragma omp simd reduction(+ : scale, outside)
        for (int64_t i = 0; i < std::min(lanes, count); i++) {
            const FakeQuantizeTerms gm = fake_quantize_terms(g[i], x[i] * a[i] + b[i], by.grid, by.floor, by.gate);
            sum[i] += gm.x;
            product[i] += gm.x * (x[i] - mean[i]);
            scale += gm.scale;
            outside += gm.outside;
        }
        quantizer.scale += scale;
        quantizer.outside += outside;
    }
}

EFQAT_CLONES void write_gradient(const float* __restrict g, const float* __restrict x, int64_t count, int64_t lanes, NormBackward::Quantizer by,
                                 const float* __restrict a, const float* __restrict b, const float* __restrict mean,
                                 const float* __restrict slope, const float* __restrict offset, float* __restrict to) {
    for (; count > 0; count -= lanes, x += lanes, g += lanes, to += lanes)
        for (int64_t i = 0; i < std::min(lanes, count); i++)
            to[i] = fake_quantize_terms(g[i], x[i] * a[i] + b[i], by.grid, by.floor, by.gate).x * a[i] +
                    (x[i] - mean[i]) * slope[i] + offset[i];
}

int64_t block_pixels(int64_t channels) { return kLaneSums * std::max<int64_t>(1, kLanes / channels); }

// Calls body(first element, elements) for the blocks of pixels of [begin, end).
template <typename Body>
void for_blocks(int64_t begin, int64_t end, int64_t channels, const Body& body) {
    for (const int64_t block = block_pixels(channels); begin < end; begin += block) body(begin * channels, std::min(block, end - begin) * channels);
}

// From the last block to the first: starts with what was written last and ends with what is read next, both still in the cache.
template <typename Body>
void for_blocks_backwards(int64_t begin, int64_t end, int64_t channels, const Body& body) {
    for (const int64_t block = block_pixels(channels); begin < end; end -= block) {
        const int64_t first = std::max(begin, end - block);
        body(first * channels, (end - first) * channels);
    }
}

at::Tensor channels_last(const at::Tensor& x, const char* name) {
    TORCH_CHECK(x.dim() == 4 && x.scalar_type() == at::kFloat, "batch_norm: ", name, " must be float [N, C, H, W]");
    return x.contiguous(at::MemoryFormat::ChannelsLast);
}

const float* of_channels(const at::Tensor& values, int64_t channels, const char* name) {
    TORCH_CHECK(values.scalar_type() == at::kFloat && values.is_contiguous() && values.numel() == channels, "batch_norm: ", name,
                " must hold a float for each of ", channels, " channels");
    return values.data_ptr<float>();
}

// Sums of each channel from all threads, added in a fixed order.
class ChannelSums {
public:
    explicit ChannelSums(int64_t size) : size_(size), parts_(at::get_num_threads(), std::vector<double>(size_)) {}

    double* of_thread() { return parts_[at::get_thread_num()].data(); }

    std::vector<double> total() const {
        std::vector<double> sums(size_);
        for (const auto& part : parts_)
            for (int64_t i = 0; i < size_; i++) sums[i] += part[i];
        return sums;
    }

private:
    int64_t size_;
    std::vector<std::vector<double>> parts_;
};

std::tuple<at::Tensor, at::Tensor, at::Tensor> batch_norm(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias,
                                                          const at::Tensor& running_mean, const at::Tensor& running_var,
                                                          double momentum, double eps) {
    const at::Tensor x = channels_last(input, "x");
    const int64_t channels = x.size(1), pixels = x.numel() / std::max<int64_t>(channels, 1);
    TORCH_CHECK(pixels > 1, "batch_norm: a channel needs more than one value in training");
    const float *gamma = of_channels(weight, channels, "weight"), *beta = of_channels(bias, channels, "bias");
    of_channels(running_mean, channels, "running_mean");
    of_channels(running_var, channels, "running_var");
    const float* from = x.data_ptr<float>();

    // Moments around the first pixel: no cancellation where the mean is far from zero.
    const Lanes shift(channels, [&](int64_t c) { return from[c]; });
    ChannelSums sums(2 * channels);
    at::parallel_for(0, pixels, kGrainPixels, [&](int64_t begin, int64_t end) {
        Lanes sum(channels), square(channels);
        double* own = sums.of_thread();
        for_blocks_backwards(begin, end, channels, [&](int64_t i, int64_t count) {
            sum_moments(from + i, count, shift.count(), shift.data(), sum.data(), square.data());
            sum.add_to(own);
            square.add_to(own + channels);
        });
    });
    const std::vector<double> moments = sums.total();
    at::Tensor mean = at::empty({channels}, x.options().memory_format(at::MemoryFormat::Contiguous)), inverse = at::empty_like(mean);
    float *m = mean.data_ptr<float>(), *inv = inverse.data_ptr<float>();
    float *moving_mean = running_mean.data_ptr<float>(), *moving_var = running_var.data_ptr<float>();
    for (int64_t c = 0; c < channels; c++) {
        const double shifted = moments[c] / pixels, var = std::max(0.0, moments[channels + c] / pixels - shifted * shifted);
        m[c] = static_cast<float>(from[c] + shifted);
        inv[c] = static_cast<float>(1 / std::sqrt(var + eps));
        moving_mean[c] += static_cast<float>(momentum * (m[c] - moving_mean[c]));
        moving_var[c] += static_cast<float>(momentum * (var * pixels / (pixels - 1) - moving_var[c]));
    }

    const Lanes a(channels, [&](int64_t c) { return gamma[c] * inv[c]; });
    const Lanes b(channels, [&](int64_t c) { return beta[c] - m[c] * (gamma[c] * inv[c]); });
    at::Tensor y = at::empty_like(x);
    float* to = y.data_ptr<float>();
    at::parallel_for(0, pixels, kGrainPixels, [&](int64_t begin, int64_t end) {
        for_blocks(begin, end, channels, [&](int64_t i, int64_t count) {
            normalize(from + i, count, a.count(), a.data(), b.data(), to + i);
        });
    });
    return {y, mean, inverse};
}

}  // namespace

NormBackward::NormBackward(const at::Tensor& grad, const at::Tensor& x, const at::Tensor& mean, const at::Tensor& inverse,
                           const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& scale, const at::Tensor& zero_point,
                           int64_t qmin, int64_t qmax, bool relu)
    : x_(channels_last(x, "x")), grad_(channels_last(grad, "grad")), channels_(x_.size(1)),
      pixels_(x_.numel() / std::max<int64_t>(channels_, 1)),
      by_{fake_quantize_grid(scale, zero_point, qmin, qmax), relu ? 0 : kNoFloor, relu ? 0 : kNoFloor} {
    TORCH_CHECK(grad.sizes() == x.sizes(), "batch_norm: grad has shape ", grad.sizes(), ", x has ", x.sizes());
    const float *m = of_channels(mean, channels_, "mean"), *inv = of_channels(inverse, channels_, "inverse");
    const float *gamma = of_channels(weight, channels_, "weight"), *beta = of_channels(bias, channels_, "bias");
    const float *from = x_.data_ptr<float>(), *g = grad_.data_ptr<float>();

    a_ = Lanes(channels_, [&](int64_t c) { return gamma[c] * inv[c]; });
    b_ = Lanes(channels_, [&](int64_t c) { return beta[c] - m[c] * (gamma[c] * inv[c]); });
    mean_ = Lanes(channels_, [&](int64_t c) { return m[c]; });
    ChannelSums sums(2 * channels_ + 2);
    at::parallel_for(0, pixels_, kGrainPixels, [&](int64_t begin, int64_t end) {
        Lanes sum(channels_), product(channels_);
        QuantizerSums quantizer;
        double* own = sums.of_thread();
        for_blocks_backwards(begin, end, channels_, [&](int64_t i, int64_t count) {
            sum_gradients(g + i, from + i, count, a_.count(), by_, a_.data(), b_.data(), mean_.data(), sum.data(), product.data(), quantizer);
            sum.add_to(own);
            product.add_to(own + channels_);
        });
        own[2 * channels_] += quantizer.scale;
        own[2 * channels_ + 1] += quantizer.outside;
    });
    const std::vector<double> total = sums.total();
    const double *sum = total.data(), *product = sum + channels_;
    grad_weight_ = at::empty_like(weight);
    grad_bias_ = at::empty_like(bias);
    for (int64_t c = 0; c < channels_; c++) {
        grad_weight_.data_ptr<float>()[c] = static_cast<float>(product[c] * inv[c]);
        grad_bias_.data_ptr<float>()[c] = static_cast<float>(sum[c]);
    }
    grad_scale_ = at::full_like(scale, total[2 * channels_]);
    grad_zero_point_ = at::full_like(zero_point, -by_.grid.scale * total[2 * channels_ + 1]);
    slope_ = Lanes(channels_, [&](int64_t c) { return -double(gamma[c]) * inv[c] * inv[c] * inv[c] * product[c] / pixels_; });
    offset_ = Lanes(channels_, [&](int64_t c) { return -double(gamma[c]) * inv[c] * sum[c] / pixels_; });
}

void NormBackward::write(int64_t begin, int64_t end, float* to) const {
    const float *from = x_.data_ptr<float>(), *g = grad_.data_ptr<float>();
    to -= begin * channels_;
    for_blocks(begin, end, channels_, [&](int64_t i, int64_t count) {
        write_gradient(g + i, from + i, count, a_.count(), by_, a_.data(), b_.data(), mean_.data(), slope_.data(), offset_.data(), to + i);
    });
}

namespace {

std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor, at::Tensor> batch_norm_fake_quantize_backward(
    const at::Tensor& grad, const at::Tensor& x, const at::Tensor& mean, const at::Tensor& inverse, const at::Tensor& weight,
    const at::Tensor& bias, const at::Tensor& scale, const at::Tensor& zero_point, int64_t qmin, int64_t qmax, bool relu) {
    const NormBackward norm(grad, x, mean, inverse, weight, bias, scale, zero_point, qmin, qmax, relu);
    at::Tensor grad_x = at::empty_like(norm.x());
    float* to = grad_x.data_ptr<float>();
    at::parallel_for(0, norm.pixels(), kGrainPixels, [&](int64_t begin, int64_t end) { norm.write(begin, end, to + begin * norm.channels()); });
    return {grad_x, norm.grad_weight(), norm.grad_bias(), norm.grad_scale(), norm.grad_zero_point()};
}

}  // namespace

TORCH_LIBRARY_IMPL(efqat, CPU, m) {
    m.impl("batch_norm", batch_norm);
    m.impl("batch_norm_fake_quantize_backward", batch_norm_fake_quantize_backward);
}

}  // namespace efqat
