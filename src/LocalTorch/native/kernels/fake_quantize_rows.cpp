// Learnable symmetric fake-quantization with one scale a row (an output channel of a weight): fake_quantize with z = 0.
//
//   ŵ = clamp(round(w / s_r), qmin, qmax) · s_r
//   m = qmin ≤ round(w / s_r) ≤ qmax        ∂L/∂w = g · m        ∂L/∂s_r = Σ over the row of g · (q − m · w / s_r)
#include "fake_quantize.h"
#include "simd.h"

#include <ATen/Parallel.h>
#include <torch/library.h>

#include <algorithm>
#include <tuple>

namespace efqat {
namespace {

constexpr int64_t kBlock = 1024;
constexpr int64_t kGrain = 32 * kBlock;

EFQAT_CLONES void quantize_row(const float* __restrict w, float* __restrict what, int64_t count, float scale, float qmin,
                               float qmax) {
    const float inverse = 1 / scale;
    for (int64_t i = 0; i < count; i++)
        what[i] = round_half_even(std::min(std::max(w[i] * inverse, qmin), qmax)) * scale;
}

EFQAT_CLONES double differentiate_row(const float* __restrict grad, const float* __restrict w, float* __restrict grad_w,
                                      int64_t count, float scale, float qmin, float qmax) {
    const float inverse = 1 / scale;
    double sum = 0;
    for (int64_t block = 0; block < count; block += kBlock) {
        float partial = 0;
        const int64_t end = std::min(count, block + kBlock);
#pragma omp simd reduction(+ : partial)
        for (int64_t i = block; i < end; i++) {
            const float u = w[i] * inverse;
            const float r = round_half_even(std::min(std::max(u, qmin - 1), qmax + 1));
            const float q = std::min(std::max(r, qmin), qmax);
            const bool inside = q == r;
            partial += grad[i] * (q - (inside ? u : 0.0f));
            grad_w[i] = inside ? grad[i] : 0.0f;
        }
        sum += partial;
    }
    return sum;
}

int64_t row_size(const at::Tensor& w, const at::Tensor& scale) {
    TORCH_CHECK(w.scalar_type() == at::kFloat && scale.scalar_type() == at::kFloat,
                "fake_quantize_rows: w and scale must be float");
    TORCH_CHECK(w.dim() > 0 && scale.numel() == w.size(0), "fake_quantize_rows: w has ", w.sizes(),
                ", so scale must hold one element for each of its rows, got ", scale.numel());
    return w.size(0) == 0 ? 0 : w.numel() / w.size(0);
}

// A dense tensor whose rows lie one after another; w itself where it is one.
at::Tensor row_major(const at::Tensor& w, int64_t size) {
    return w.is_non_overlapping_and_dense() && (w.size(0) <= 1 || w.stride(0) == size) ? w : w.contiguous();
}

at::Tensor fake_quantize_rows(const at::Tensor& weight, const at::Tensor& scale, int64_t qmin, int64_t qmax) {
    const int64_t size = row_size(weight, scale);
    const at::Tensor w = row_major(weight, size), scales = scale.contiguous();
    at::Tensor what = at::empty_like(w);
    const float *from = w.data_ptr<float>(), *s = scales.data_ptr<float>();
    float* to = what.data_ptr<float>();
    at::parallel_for(0, w.size(0), kGrain / std::max<int64_t>(size, 1) + 1, [&](int64_t begin, int64_t end) {
        for (int64_t r = begin; r < end; r++) quantize_row(from + r * size, to + r * size, size, s[r], qmin, qmax);
    });
    return what;
}

std::tuple<at::Tensor, at::Tensor> fake_quantize_rows_backward(const at::Tensor& gradient, const at::Tensor& weight,
                                                               const at::Tensor& scale, int64_t qmin, int64_t qmax) {
    const int64_t size = row_size(weight, scale);
    TORCH_CHECK(gradient.sizes() == weight.sizes() && gradient.scalar_type() == at::kFloat,
                "fake_quantize_rows_backward: grad must be float of w's shape ", weight.sizes());
    const at::Tensor w = row_major(weight, size), grad = ordered_like(gradient, w), scales = scale.contiguous();
    at::Tensor grad_w = at::empty_like(w), grad_scale = at::empty_like(scales);
    const float *g = grad.data_ptr<float>(), *from = w.data_ptr<float>(), *s = scales.data_ptr<float>();
    float *to = grad_w.data_ptr<float>(), *ds = grad_scale.data_ptr<float>();
    at::parallel_for(0, w.size(0), kGrain / std::max<int64_t>(size, 1) + 1, [&](int64_t begin, int64_t end) {
        for (int64_t r = begin; r < end; r++)
            ds[r] = differentiate_row(g + r * size, from + r * size, to + r * size, size, s[r], qmin, qmax);
    });
    return {grad_w, grad_scale};
}

}  // namespace

TORCH_LIBRARY_IMPL(efqat, CPU, m) {
    m.impl("fake_quantize_rows", fake_quantize_rows);
    m.impl("fake_quantize_rows_backward", fake_quantize_rows_backward);
}

}  // namespace efqat
