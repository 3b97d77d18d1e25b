// The input gradient of a 3 × 3 convolution by Winograd's tiles (winograd.h).
#pragma once
#include <ATen/ATen.h>

namespace efqat {

// Whether the tiles take this one, and are faster.
bool is_for_winograd(const at::Tensor& weight, int64_t stride);

at::Tensor winograd_input_gradient(const at::Tensor& grad, const at::Tensor& weight, at::IntArrayRef input_size, at::IntArrayRef padding);

}  // namespace efqat
