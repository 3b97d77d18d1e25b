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
    m.def("batch_norm(Tensor x, Tensor weight, Tensor bias, Tensor(a!) running_mean, Tensor(b!) running_var, float momentum,"
          " float eps) -> (Tensor y, Tensor mean, Tensor inverse)");
    m.def("batch_norm_fake_quantize_backward(Tensor grad, Tensor x, Tensor mean, Tensor inverse, Tensor weight, Tensor bias,"
          " Tensor scale, Tensor zero_point, int qmin, int qmax, bool relu)"
          " -> (Tensor grad_x, Tensor grad_weight, Tensor grad_bias, Tensor grad_scale, Tensor grad_zero_point)");
    m.def("conv_norm_fake_quantize_backward(Tensor grad, Tensor x, Tensor mean, Tensor inverse, Tensor norm_weight, Tensor norm_bias,"
          " Tensor scale, Tensor zero_point, int qmin, int qmax, bool relu, Tensor weight, int[] input_size, int[2] padding, Tensor rows,"
          " Tensor[] codes, int codes_qmin, Tensor? summand=None)"
          " -> (Tensor grad_input, Tensor grad_rows, Tensor grad_norm_weight, Tensor grad_norm_bias, Tensor grad_scale,"
          " Tensor grad_zero_point, Tensor seconds)");
    m.def("conv2d(Tensor x, Tensor weight, int stride, int[2] padding) -> Tensor");
    m.def("conv2d_input_gradient(Tensor grad, Tensor weight, int[] input_size, int stride, int[2] padding) -> Tensor");
    m.def("conv2d_weight_rows(Tensor grad, Tensor codes, Tensor scale, Tensor zero_point, int qmin, Tensor rows,"
          " int[2] kernel, int[2] stride, int[2] padding, int groups) -> Tensor");
    m.def("conv2d_weight_rows_float(Tensor grad, Tensor x, Tensor rows,"
          " int[2] kernel, int[2] stride, int[2] padding, int groups) -> Tensor");
}
