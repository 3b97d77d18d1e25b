// What C# asks of a tensor itself: its storage, shape, type, and its place in the autograd graph.
#include "seam.h"

using namespace localtorch;

LT_API void lt_free(Handle tensor) { delete tensor; }

LT_API Handle lt_alias(Handle tensor) { return new at::Tensor(*tensor); }

LT_API int32_t lt_dim(Handle tensor) { return static_cast<int32_t>(tensor->dim()); }

LT_API void lt_sizes(Handle tensor, int64_t* sizes) {
    for (auto size : tensor->sizes()) *sizes++ = size;
}

LT_API void lt_strides(Handle tensor, int64_t* strides) {
    for (auto stride : tensor->strides()) *strides++ = stride;
}

LT_API int64_t lt_numel(Handle tensor) { return tensor->numel(); }

LT_API int64_t lt_storage_offset(Handle tensor) { return tensor->storage_offset(); }

LT_API int32_t lt_scalar_type(Handle tensor) { return static_cast<int32_t>(tensor->scalar_type()); }

LT_API int64_t lt_element_size(Handle tensor) { return static_cast<int64_t>(tensor->element_size()); }

// Device type in the upper half, index in the lower (-1 where there is none).
LT_API int64_t lt_device(Handle tensor) {
    auto device = tensor->device();
    return (static_cast<int64_t>(device.type()) << 32) | static_cast<uint32_t>(static_cast<int32_t>(device.index()));
}

LT_API void* lt_data(Handle tensor) { return tensor->data_ptr(); }

LT_API int32_t lt_is_contiguous(Handle tensor, int32_t memory_format) {
    return tensor->is_contiguous(static_cast<at::MemoryFormat>(memory_format));
}

LT_API int32_t lt_requires_grad(Handle tensor) { return tensor->requires_grad(); }

LT_API int32_t lt_set_requires_grad(Handle tensor, int32_t value) {
    return guarded([&] { tensor->set_requires_grad(value != 0); });
}

LT_API int32_t lt_is_leaf(Handle tensor) { return tensor->is_leaf(); }

LT_API Handle lt_grad(Handle tensor) { return give(tensor->grad()); }

LT_API int32_t lt_set_grad(Handle tensor, Handle grad) {
    return guarded([&] { tensor->mutable_grad() = grad ? *grad : at::Tensor(); });
}

// Two handles of one tensor: true also where the C# objects differ.
LT_API int32_t lt_same(Handle left, Handle right) { return left->is_same(*right); }

// The new data of a parameter, in place of the old: every handle sees it.
LT_API int32_t lt_set_data(Handle tensor, Handle data) {
    return guarded([&] { tensor->set_data(*data); });
}
