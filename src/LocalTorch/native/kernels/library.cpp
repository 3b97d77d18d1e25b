// The operators of namespace efqat. Each file registers its own CPU kernels.
#include <torch/library.h>

TORCH_LIBRARY(efqat, m) {
    m.def("fake_quantize(Tensor x, Tensor scale, Tensor zero_point, int qmin, int qmax, bool relu)"
          " -> (Tensor xhat, Tensor codes)");
    m.def("fake_quantize_backward(Tensor grad, Tensor x, Tensor scale, Tensor zero_point, int qmin, int qmax, bool relu)"
          " -> (Tensor grad_x, Tensor grad_scale, Tensor grad_zero_point)");
    m.def("fake_quantize_rows(Tensor w, Tensor scale, int qmin, int qmax) -> Tensor");
    m.def("fake_quantize_rows_backward(Tensor grad, Tensor w, Tensor scale, int qmin, int qmax)"
          " -> (Tensor grad_w, Tensor grad_scale)");
    m.def("conv2d_weight_rows(Tensor grad, Tensor codes, Tensor scale, Tensor zero_point, int qmin, Tensor rows,"
          " int[2] kernel, int[2] stride, int[2] padding, int groups) -> Tensor");
    m.def("conv2d_weight_rows_float(Tensor grad, Tensor x, Tensor rows,"
          " int[2] kernel, int[2] stride, int[2] padding, int groups) -> Tensor");
}
