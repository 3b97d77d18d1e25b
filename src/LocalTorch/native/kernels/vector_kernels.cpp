#include "vector_kernels.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace efqat {
namespace {

#if defined(__x86_64__)
#define EFQAT_KEEP(vector) asm("" : "+v"(vector))
#else
#define EFQAT_KEEP(vector)
#endif

#if defined(__x86_64__)
namespace avx512 {
constexpr int kWidth = 16, kTapLines = 3, kTapScalars = 3, kLines = 4, kScalars = 6, kPixels = 8;
constexpr int kTileVectors = 4, kTileSums = 24;  // 32 registers
#define EFQAT_TARGET __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")))
EFQAT_TARGET inline __m512i codes_to_integers(const uint8_t* from) {
    return _mm512_maskz_cvtepu8_epi32(0xFFFF, _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}
#include "outer_products.inl"
#include "pixel_products.inl"
// A whole cache line goes to memory past the caches, which need not read it first; the end of a parallel region waits for it.
EFQAT_TARGET inline void stream(float* to, const Vector& v) { _mm512_stream_ps(to, v); }
#include "winograd.inl"
const VectorKernels version{kWidth, {accumulate, unpack<uint8_t>, unpack<float>}, {multiply}, {kTileVectors * kWidth, convolve}};
#undef EFQAT_TARGET
}  // namespace avx512

namespace avx2 {
constexpr int kWidth = 8, kTapLines = 1, kTapScalars = 4, kLines = 3, kScalars = 4, kPixels = 4;  // 16 registers
constexpr int kTileVectors = 2, kTileSums = 12;
#define EFQAT_TARGET __attribute__((target("avx2,fma")))
EFQAT_TARGET inline __m256i codes_to_integers(const uint8_t* from) {
    return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)));
}
#include "outer_products.inl"
#include "pixel_products.inl"
EFQAT_TARGET inline void stream(float* to, const Vector& v) { std::memcpy(to, &v, sizeof(Vector)); }
#include "winograd.inl"
const VectorKernels version{kWidth, {accumulate, unpack<uint8_t>, unpack<float>}, {multiply}, {kTileVectors * kWidth, convolve}};
#undef EFQAT_TARGET
}  // namespace avx2
#endif

namespace portable {
constexpr int kWidth = 4, kTapLines = 1, kTapScalars = 4, kLines = 3, kScalars = 4, kPixels = 4;
constexpr int kTileVectors = 2, kTileSums = 12;
#define EFQAT_TARGET
using Integers = int32_t __attribute__((vector_size(16)));
inline Integers codes_to_integers(const uint8_t* from) { return Integers{from[0], from[1], from[2], from[3]}; }
#include "outer_products.inl"
#include "pixel_products.inl"
EFQAT_TARGET inline void stream(float* to, const Vector& v) { std::memcpy(to, &v, sizeof(Vector)); }
#include "winograd.inl"
const VectorKernels version{kWidth, {accumulate, unpack<uint8_t>, unpack<float>}, {multiply}, {kTileVectors * kWidth, convolve}};
#undef EFQAT_TARGET
}  // namespace portable

const VectorKernels& choose() {
#if defined(__x86_64__)
    const char* variable = std::getenv("ATEN_CPU_CAPABILITY");
    const std::string wish = variable ? variable : "avx512";
    const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool has_avx512 = has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                            __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    if (has_avx512 && wish == "avx512") return avx512::version;
    if (has_avx2 && (wish == "avx512" || wish == "avx2")) return avx2::version;
#endif
    return portable::version;
}

}  // namespace

const VectorKernels& vector_kernels() {
    static const VectorKernels& chosen = choose();
    return chosen;
}

}  // namespace efqat
