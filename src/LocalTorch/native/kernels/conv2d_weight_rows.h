// The weight gradient of a convolution for a few of its output channels, a few images at a time; see conv2d_weight_rows.cpp.
#pragma once
#include <ATen/ATen.h>

#include <memory>

namespace efqat {

// Without groups, from 8-bit codes. Each thread has sums of its own.
class WeightRowsOfCodes {
public:
    WeightRowsOfCodes(at::IntArrayRef grad_size, const at::Tensor& codes, const at::Tensor& scale, const at::Tensor& zero_point, int64_t qmin,
                      const at::Tensor& rows, at::IntArrayRef kernel, at::IntArrayRef padding, int64_t threads);
    ~WeightRowsOfCodes();

    // Images that are unpacked together: the sums are the same for all parts that are multiples of it.
    int64_t images() const;

    // The images [begin, end); grad is that of the first of them, channels-last.
    void add(int64_t thread, const float* grad, int64_t begin, int64_t end);

    // The sums of all threads. // [R, C, kh, kw]
    at::Tensor total() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace efqat
