// Learnable fake-quantization of a whole tensor (LSQ, LSQ+), one pass each way.
//
//   u = x / s   (as x · (1/s); x ← max(x, 0) first where relu)        r = round(u), half to even
//   q = clamp(r + z, qmin, qmax)        x̂ = (q − z) · s        code = q − qmin
//   m = qmin ≤ r + z ≤ qmax
//   ∂L/∂x = g · m      ∂L/∂s = Σ g · ((q − z) − m · u)      ∂L/∂z = Σ g · (m ? 0 : −s)
//
// With low = qmin − z and high = qmax − z, q − z = clamp(r, low, high): z disappears from the loops. u is clamped one
// step outside that range before it is rounded, which changes neither q nor m and keeps it small.
// Forward: equal to the same float expression in plain torch, bit for bit. Sums: float over 1,024 elements, then double;
// relative to Σ |terms| they err below 1e-6. For a fixed number of threads they are deterministic.
#include "fake_quantize.h"
#include "simd.h"

#include <ATen/Parallel.h>
#include <torch/library.h>

#include <algorithm>
#include <cmath>
#include <tuple>
#include <vector>

namespace efqat {
namespace {

constexpr int64_t kBlock = 1024;
constexpr int64_t kGrain = 32 * kBlock;

void check(const at::Tensor& x) {
    TORCH_CHECK(x.scalar_type() == at::kFloat, "fake_quantize: tensors must be float, got ", x.scalar_type());
}

EFQAT_CLONES void quantize(const float* __restrict x, float* __restrict xhat, uint8_t* __restrict codes, int64_t count,
                           FakeQuantizeGrid grid, float floor) {
    for (int64_t i = 0; i < count; i++) {
        const float u = std::max(x[i], floor) * grid.inverse;
        const float q = round_half_even(std::min(std::max(u, grid.low), grid.high));
        xhat[i] = q * grid.scale;
        codes[i] = static_cast<uint8_t>(static_cast<int>(q - grid.low));
    }
}

struct Sums {
    double scale = 0, outside = 0;
};

EFQAT_CLONES Sums differentiate(const float* __restrict grad, const float* __restrict x, float* __restrict grad_x,
                                int64_t count, FakeQuantizeGrid grid, float floor, float gate) {
    Sums sums;
    for (int64_t block = 0; block < count; block += kBlock) {
        float scale = 0, outside = 0;
        const int64_t end = std::min(count, block + kBlock);
#pragma omp simd reduction(+ : scale, outside)
        for (int64_t i = block; i < end; i++) {
            const FakeQuantizeTerms terms = fake_quantize_terms(grad[i], x[i], grid, floor, gate);
            grad_x[i] = terms.x;
            scale += terms.scale;
            outside += terms.outside;
        }
        sums.scale += scale;
        sums.outside += outside;
    }
    return sums;
}

std::tuple<at::Tensor, at::Tensor> fake_quantize(const at::Tensor& input, const at::Tensor& scale,
                                                 const at::Tensor& zero_point, int64_t qmin, int64_t qmax, bool relu) {
    check(input);
    const FakeQuantizeGrid grid = fake_quantize_grid(scale, zero_point, qmin, qmax);
    const at::Tensor x = dense(input);
    at::Tensor xhat = at::empty_like(x), codes = at::empty_like(x, x.options().dtype(at::kByte));
    const float* from = x.data_ptr<float>();
    float* to = xhat.data_ptr<float>();
    uint8_t* code = codes.data_ptr<uint8_t>();
    at::parallel_for(0, x.numel(), kGrain, [&](int64_t begin, int64_t end) {
        quantize(from + begin, to + begin, code + begin, end - begin, grid, relu ? 0 : kNoFloor);
    });
    return {xhat, codes};
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> fake_quantize_backward(
    const at::Tensor& gradient, const at::Tensor& input, const at::Tensor& scale, const at::Tensor& zero_point,
    int64_t qmin, int64_t qmax, bool relu) {
    check(gradient);
    check(input);
    TORCH_CHECK(gradient.sizes() == input.sizes(), "fake_quantize_backward: grad has shape ", gradient.sizes(),
                ", x has ", input.sizes());
    const FakeQuantizeGrid grid = fake_quantize_grid(scale, zero_point, qmin, qmax);
    const at::Tensor x = dense(input), grad = ordered_like(gradient, x);
    at::Tensor grad_x = at::empty_like(x);
    const float *g = grad.data_ptr<float>(), *from = x.data_ptr<float>();
    float* to = grad_x.data_ptr<float>();
    std::vector<Sums> parts(at::get_num_threads());
    at::parallel_for(0, x.numel(), kGrain, [&](int64_t begin, int64_t end) {
        parts[at::get_thread_num()] = differentiate(g + begin, from + begin, to + begin, end - begin, grid,
                                                    relu ? 0 : kNoFloor, relu ? 0 : kNoFloor);
    });
    Sums sums;
    for (const Sums& part : parts) {
        sums.scale += part.scale;
        sums.outside += part.outside;
    }
    return {grad_x, at::full_like(scale, sums.scale), at::full_like(zero_point, -grid.scale * sums.outside)};
}

}  // namespace

TORCH_LIBRARY_IMPL(efqat, CPU, m) {
    m.impl("fake_quantize", fake_quantize);
    m.impl("fake_quantize_backward", fake_quantize_backward);
}

}  // namespace efqat
