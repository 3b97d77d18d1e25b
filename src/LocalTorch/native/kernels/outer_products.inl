// One instruction set's version of OuterProducts, included by vector_kernels.cpp once for each, with
//   EFQAT_TARGET             the function attribute that selects the instruction set,
//   EFQAT_KEEP(vector)       holds a vector in a register (else the compiler loads it anew for each multiply-add),
//   kWidth                   floats per vector,
//   codes_to_integers        kWidth bytes as a vector of int32,
//   kTapLines, kTapScalars   vector lines and (at most) scalars of a tile with three taps,
//   kLines, kScalars         the same with one tap.
// A tile keeps lines x taps x scalars sums in registers; a position costs it lines x taps loads and `scalars` broadcasts
// for lines x taps x scalars multiply-adds.

using Vector = float __attribute__((vector_size(kWidth * sizeof(float))));
using Unaligned = float __attribute__((vector_size(kWidth * sizeof(float)), aligned(sizeof(float))));

EFQAT_TARGET inline Vector load(const float* from) { return *reinterpret_cast<const Unaligned*>(from); }

EFQAT_TARGET inline Vector load(const uint8_t* from) {
    using Integers = int32_t __attribute__((vector_size(kWidth * sizeof(int32_t))));
    return __builtin_convertvector(Integers(codes_to_integers(from)), Vector);
}

template <int Lines, int Taps, int Scalars>
EFQAT_TARGET void tile(const Positions& at, const Operand& vectors, const int64_t* lines,
                       const Operand& scalars, const int64_t* offsets, float* sums, int64_t sums_stride) {
    Vector total[Scalars][Lines][Taps] = {};
    for (int64_t image = 0; image < at.images; image++)
        for (int64_t row = 0; row < at.height; row++) {
            const float* line[Lines];
            for (int l = 0; l < Lines; l++)
                line[l] = vectors.data + image * vectors.image + row * vectors.row + lines[l];
            const float* scalar = scalars.data + image * scalars.image + row * scalars.row;
            for (int64_t i = 0; i < at.width; i++, scalar += scalars.step) {
                if constexpr (Lines * Taps < Scalars) {
                    Vector value[Lines][Taps];
                    for (int l = 0; l < Lines; l++)
                        for (int t = 0; t < Taps; t++) {
                            value[l][t] = load(line[l] + t * kWidth);
                            EFQAT_KEEP(value[l][t]);
                        }
                    for (int s = 0; s < Scalars; s++) {
                        const float factor = scalar[offsets[s]];
                        for (int l = 0; l < Lines; l++)
                            for (int t = 0; t < Taps; t++) total[s][l][t] += value[l][t] * factor;
                    }
                } else {
                    for (int l = 0; l < Lines; l++)
                        for (int t = 0; t < Taps; t++) {
                            Vector value = load(line[l] + t * kWidth);
                            EFQAT_KEEP(value);
                            for (int s = 0; s < Scalars; s++) total[s][l][t] += value * scalar[offsets[s]];
                        }
                }
                for (int l = 0; l < Lines; l++) line[l] += vectors.step;
            }
        }
    for (int s = 0; s < Scalars; s++)
        for (int l = 0; l < Lines; l++)
            for (int t = 0; t < Taps; t++)
                *reinterpret_cast<Unaligned*>(sums + s * sums_stride + (l * Taps + t) * kWidth) += total[s][l][t];
}

// tiles<L, T>[n - 1] is the tile of n scalars.
using Tile = decltype(&tile<1, 1, 1>);
template <int Lines, int Taps, int... Index>
constexpr std::array<Tile, sizeof...(Index)> tiles_of(std::integer_sequence<int, Index...>) {
    return {&tile<Lines, Taps, Index + 1>...};
}

// Covers as many lines from `first` on as come in groups of Lines, in tiles of nearly equal numbers of scalars.
template <int Lines, int Taps, int MaxScalars>
size_t cover(size_t first, const Positions& at, const Operand& vectors, const std::vector<int64_t>& lines,
             const Operand& scalars, const std::vector<int64_t>& offsets, float* sums) {
    static constexpr auto tiles = tiles_of<Lines, Taps>(std::make_integer_sequence<int, MaxScalars>());
    const size_t blocks = (offsets.size() + MaxScalars - 1) / MaxScalars;
    const size_t stride = lines.size() * Taps * kWidth;
    for (; first + Lines <= lines.size(); first += Lines)
        for (size_t b = 0; b < blocks; b++) {
            const size_t begin = offsets.size() * b / blocks, end = offsets.size() * (b + 1) / blocks;
            tiles[end - begin - 1](at, vectors, &lines[first], scalars, &offsets[begin],
                                   sums + begin * stride + first * Taps * kWidth, stride);
        }
    return first;
}

void accumulate(const Positions& at, const Operand& vectors, const std::vector<int64_t>& lines, int taps,
                const Operand& scalars, const std::vector<int64_t>& offsets, float* sums) {
    if (taps == 3) {
        cover<kTapLines, 3, kTapScalars>(0, at, vectors, lines, scalars, offsets, sums);
    } else {
        const size_t rest = cover<kLines, 1, kScalars>(0, at, vectors, lines, scalars, offsets, sums);
        cover<1, 1, 9>(rest, at, vectors, lines, scalars, offsets, sums);
    }
}

template <typename Source>
EFQAT_TARGET void unpack(const Source* from, int64_t pixels, int64_t stride, int64_t channels, float shift,
                         float* to, int64_t block, int64_t width) {
    for (int64_t first = 0; first < channels; first += width, from += width, to += block) {
        const int64_t lanes = std::min(width, channels - first);
        if (lanes == kWidth)
            for (int64_t pixel = 0; pixel < pixels; pixel++)
                *reinterpret_cast<Unaligned*>(to + pixel * width) = load(from + pixel * stride) + shift;
        else
            for (int64_t pixel = 0; pixel < pixels; pixel++)
                for (int64_t lane = 0; lane < lanes; lane++)
                    to[pixel * width + lane] = from[pixel * stride + lane] + shift;
    }
}
