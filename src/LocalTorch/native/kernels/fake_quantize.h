// What the fake-quantize kernels share.
#pragma once
#include <ATen/ATen.h>

namespace efqat {

// Rounds half to even for |v| < 2^22: adding 1.5 · 2^23 leaves no fraction bits. Every instruction set vectorizes it.
inline float round_half_even(float v) {
    constexpr float magic = 12582912.0f;
    return (v + magic) - magic;
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
