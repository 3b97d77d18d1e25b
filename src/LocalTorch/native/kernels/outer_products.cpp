#include "outer_products.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <utility>

namespace efqat {
namespace {

#if defined(__x86_64__)
namespace avx512 {
constexpr int kWidth = 16, kTapLines = 3, kTapScalars = 3, kLines = 4, kScalars = 6;  // 32 registers
#define EFQAT_TARGET __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")))
#include "outer_products.inl"
#undef EFQAT_TARGET
}  // namespace avx512

namespace avx2 {
constexpr int kWidth = 8, kTapLines = 1, kTapScalars = 4, kLines = 3, kScalars = 4;  // 16 registers
#define EFQAT_TARGET __attribute__((target("avx2,fma")))
#include "outer_products.inl"
#undef EFQAT_TARGET
}  // namespace avx2
#endif

namespace portable {
constexpr int kWidth = 4, kTapLines = 1, kTapScalars = 4, kLines = 3, kScalars = 4;
#define EFQAT_TARGET
#include "outer_products.inl"
#undef EFQAT_TARGET
}  // namespace portable

const OuterProducts& choose() {
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

const OuterProducts& outer_products() {
    static const OuterProducts& chosen = choose();
    return chosen;
}

}  // namespace efqat
