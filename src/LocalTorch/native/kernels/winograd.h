// A 3 × 3 convolution of stride 1 by Winograd's F(4×4, 3×3): a quarter of the multiplications. Of each 6 × 6 tile d of the
// image and filter f, with the matrices for the points 0, ±1, ±2 and ∞ (Lavin and Gray, arXiv 1509.09308),
//   4 × 4 outputs = Aᵀ [(G f Gᵀ) ∘ (Bᵀ d B)] A   summed over the channels between the two transforms.
#pragma once
#include <cstdint>

namespace efqat {

constexpr int64_t kTileOutputs = 4, kTileSide = 6, kTilePositions = kTileSide * kTileSide;

// Images that travel channels-last; channels and out_channels are multiples of kChannelBlock.
struct WinogradImages {
    const float* from;
    float* to;
    int64_t channels, height, width, pad_top, pad_left;
    int64_t out_channels, out_height, out_width;

    int64_t tile_rows() const { return (out_height + kTileOutputs - 1) / kTileOutputs; }
    int64_t tile_columns() const { return (out_width + kTileOutputs - 1) / kTileOutputs; }
    int64_t tiles() const { return tile_rows() * tile_columns(); }
};

// One instruction set's version.
struct Winograd {
    // Output channels that lie side by side in the filters, G f Gᵀ as [position][block of output channels][channel][lane]; the
    // last block may have fewer.
    int64_t block;

    // Tiles first to last, counted through all images. Scratch holds winograd_scratch floats.
    void (*convolve)(const WinogradImages&, const float* filters, int64_t first, int64_t last, float* scratch);
};

// Floats from one position to the next; the odd multiple of a cache line keeps the 36 of a tile out of each other's way.
inline int64_t winograd_step(int64_t tiles, int64_t channels) { return (tiles * channels / 16 | 1) * 16; }

inline int64_t winograd_scratch(int64_t tiles, const WinogradImages& at) {
    return kTilePositions * (winograd_step(tiles, at.channels) + winograd_step(tiles, at.out_channels));
}

}  // namespace efqat
