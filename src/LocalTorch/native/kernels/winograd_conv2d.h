// The input gradient of a 3 × 3 convolution by Winograd's tiles (winograd.h).
#pragma once
#include "winograd.h"

#include <ATen/ATen.h>

namespace efqat {

// Whether the tiles take this one, and are faster.
bool is_for_winograd(const at::Tensor& weight, int64_t stride);

// Of one layer: the filters are transformed once, then images may come in any parts, each thread with its own.
class WinogradInputGradient {
public:
    WinogradInputGradient(const at::Tensor& weight, at::IntArrayRef grad_size, at::IntArrayRef input_size, at::IntArrayRef padding);

    // Of an image.
    int64_t tiles() const { return shape_.tiles(); }

    // Whole images, channels-last; a summand that is not null is added.
    void run(const float* grad, const float* summand, float* to, int64_t images);

    // Tiles [first, last) of the images, at most kWinogradTiles.
    void run(const float* grad, const float* summand, float* to, int64_t first, int64_t last);

private:
    WinogradImages shape_;
    int64_t scratch_size_;
    // Tensors, not vectors: their memory is not zeroed, and lies in huge pages, which 36 positions at once would else miss.
    at::Tensor filters_, scratch_;
};

at::Tensor winograd_input_gradient(const at::Tensor& grad, const at::Tensor& weight, at::IntArrayRef input_size, at::IntArrayRef padding);

}  // namespace efqat
