// What passes through a batch normalization and the fake-quantizer behind it on its way back; see batch_norm.cpp.
#pragma once
#include "fake_quantize.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

namespace efqat {

constexpr int64_t kLanes = 512;

// The channels' constants, repeated so that one row of them serves several pixels.
class Lanes {
public:
    Lanes() = default;

    explicit Lanes(int64_t channels)
        : channels_(channels), values_(channels * std::max<int64_t>(1, kLanes / channels)) {}

    template <typename F>
    Lanes(int64_t channels, const F& of_channel) : Lanes(channels) {
        for (int64_t c = 0; c < channels; c++) values_[c] = static_cast<float>(of_channel(c));
        for (int64_t i = channels; i < count(); i++) values_[i] = values_[i - channels];
    }

    int64_t count() const { return values_.size(); }
    float* data() { return values_.data(); }
    const float* data() const { return values_.data(); }

    // Adds the lanes of each channel to sums, and starts again from zero.
    void add_to(double* sums) {
        for (auto pixel = values_.begin(); pixel != values_.end(); pixel += channels_)
            for (int64_t c = 0; c < channels_; c++) sums[c] += pixel[c];
        std::fill(values_.begin(), values_.end(), 0.0f);
    }

private:
    int64_t channels_ = 0;
    std::vector<float> values_;
};

// The sums over all pixels are made at once; then the gradient can be written part by part, while what reads it follows.
class NormBackward {
public:
    struct Quantizer {
        FakeQuantizeGrid grid;
        float floor, gate;
    };

    NormBackward(const at::Tensor& grad, const at::Tensor& x, const at::Tensor& mean, const at::Tensor& inverse, const at::Tensor& weight,
                 const at::Tensor& bias, const at::Tensor& scale, const at::Tensor& zero_point, int64_t qmin, int64_t qmax, bool relu);

    // ∂L/∂x of the pixels [begin, end), channels-last; the first goes to `to`.
    void write(int64_t begin, int64_t end, float* to) const;

    const at::Tensor& x() const { return x_; }
    int64_t channels() const { return channels_; }
    int64_t pixels() const { return pixels_; }
    const at::Tensor& grad_weight() const { return grad_weight_; }
    const at::Tensor& grad_bias() const { return grad_bias_; }
    const at::Tensor& grad_scale() const { return grad_scale_; }
    const at::Tensor& grad_zero_point() const { return grad_zero_point_; }

private:
    at::Tensor x_, grad_;
    int64_t channels_, pixels_;
    Quantizer by_;
    Lanes a_, b_, mean_, slope_, offset_;
    at::Tensor grad_weight_, grad_bias_, grad_scale_, grad_zero_point_;
};

}  // namespace efqat
