// What the fake-quantize kernels share.
#pragma once
#include <ATen/ATen.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace efqat {

// Rounds half to even for |v| < 2^22: adding 1.5 · 2^23 leaves no fraction bits. Every instruction set vectorizes it.
inline float round_half_even(float v) {
    constexpr float magic = 12582912.0f;
    return (v + magic) - magic;
}

// A grid as the loops use it: low = qmin − z and high = qmax − z bound q − z.
struct FakeQuantizeGrid {
    float scale, inverse, low, high;
};

inline FakeQuantizeGrid fake_quantize_grid(const at::Tensor& scale, const at::Tensor& zero_point, int64_t qmin, int64_t qmax) {
    TORCH_CHECK(scale.numel() == 1 && zero_point.numel() == 1,
                "fake_quantize: scale and zero_point must hold one element each; use fake_quantize_rows for one scale a row");
    TORCH_CHECK(qmin <= qmax && qmax - qmin <= 255, "fake_quantize: the grid must have 1 to 256 levels, got qmin ", qmin,
                " and qmax ", qmax);
    const float s = scale.item<float>();
    const float z = std::clamp<float>(std::nearbyint(zero_point.item<float>()), qmin, qmax);
    return {s, 1 / s, qmin - z, qmax - z};
}

// Below which x is cut off where there is no ReLU.
constexpr float kNoFloor = -std::numeric_limits<float>::infinity();

// v where mask is −1, 0 where it is 0. Written with branches, the compiler would shuffle masks for longer than it computes.
inline float masked(float v, int32_t mask) { return std::bit_cast<float>(std::bit_cast<int32_t>(v) & mask); }

// One element's ∂L/∂x, and its terms of ∂L/∂s and of −∂L/∂z / s. x below `floor` counts as floor; where it is not above `gate`, the
// gradient stops (relu).
struct FakeQuantizeTerms {
    float x, scale, outside;
};

inline __attribute__((always_inline)) FakeQuantizeTerms fake_quantize_terms(float grad, float x, const FakeQuantizeGrid& grid,
                                                                            float floor, float gate) {
    const float u = std::max(x, floor) * grid.inverse;
    const float r = round_half_even(std::min(std::max(u, grid.low - 1), grid.high + 1));
    const float q = std::min(std::max(r, grid.low), grid.high);
    const int32_t inside = -static_cast<int32_t>(r == q), open = -static_cast<int32_t>(x > gate);
    const float passed = masked(grad, inside);
    return {masked(passed, open), grad * (q - masked(u, inside)), grad - passed};
}

// x without gaps, its dimensions in the same storage order.
inline at::Tensor dense(const at::Tensor& x) {
    return x.is_non_overlapping_and_dense() ? x : at::empty_like(x).copy_(x);
}

// grad in the storage order of x.
inline at::Tensor ordered_like(const at::Tensor& grad, const at::Tensor& x) {
    for (int64_t d = 0; d < x.dim(); d++)
        if (x.size(d) > 1 && grad.stride(d) != x.stride(d)) return at::empty_like(x).copy_(grad);
    return grad;
}

}  // namespace efqat
