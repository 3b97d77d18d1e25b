namespace EfQat.Datasets;

/// <summary>A decoded picture.</summary>
/// <param name="Rgb">// [height, width, 3]</param>
/// <param name="Width">Pixels.</param>
/// <param name="Height">Pixels.</param>
sealed record Picture(byte[] Rgb, int Width, int Height);

/// <summary>A part of a picture, in pixels.</summary>
readonly record struct Box(int Left, int Top, int Width, int Height);
