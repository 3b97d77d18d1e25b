// Sums of outer products over the positions of an image block, the arithmetic of conv2d_weight_rows.
#pragma once
#include <cstdint>
#include <vector>

namespace efqat {

// The output positions of one call: images x height x width.
struct Positions {
    int64_t images, height, width;
};

// Where one factor lies, and how far it moves per image, per row and per position (in floats).
struct Operand {
    const float* data;
    int64_t image, row, step;
};

// One instruction set's version.
struct OuterProducts {
    // sums[s][line][tap][lane] += Σ over positions of scalars[offsets[s]] · vectors[lines[line] + tap · width + lane].
    // taps is 1, or 3 with a multiple of three lines.
    void (*accumulate)(const Positions&, const Operand& vectors, const std::vector<int64_t>& lines, int taps,
                       const Operand& scalars, const std::vector<int64_t>& offsets, float* sums);

    // One image row, to[block][pixel][width] = from[pixel][channel] + shift; lanes past the last channel stay as they are.
    void (*unpack_codes)(const uint8_t* from, int64_t pixels, int64_t stride, int64_t channels, float shift,
                         float* to, int64_t block, int64_t width);
    void (*unpack_floats)(const float* from, int64_t pixels, int64_t stride, int64_t channels, float shift,
                          float* to, int64_t block, int64_t width);
};

}  // namespace efqat
