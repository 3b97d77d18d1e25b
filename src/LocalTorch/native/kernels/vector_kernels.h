// The loops that need the processor's widest vectors, once for each instruction set.
#pragma once
#include "outer_products.h"
#include "pixel_products.h"
#include "winograd.h"

namespace efqat {

// A vector holds `width` floats.
struct VectorKernels {
    int64_t width;
    OuterProducts outer_products;
    PixelProducts pixel_products;
    Winograd winograd;
};

// The best version for this processor; ATEN_CPU_CAPABILITY=avx512|avx2|default chooses as it does for libtorch.
const VectorKernels& vector_kernels();

}  // namespace efqat
