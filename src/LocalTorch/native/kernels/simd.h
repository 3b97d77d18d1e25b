// One portable loop, several instruction sets: EFQAT_CLONES has the compiler emit it for each x86-64 level and the
// loader choose by the processor it runs on. Elsewhere (arm64, musl) the one portable version is vectorized as it is.
#pragma once

#if defined(__x86_64__) && defined(__GLIBC__)
#define EFQAT_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define EFQAT_CLONES
#endif
