using EfQat.Quantization;

namespace EfQat.Tests.Quantization;

public class GridTests
{
    public static TheoryData<int, bool, bool, bool> Every()
    {
        var grids = new TheoryData<int, bool, bool, bool>();
        for (int bits = 2; bits <= 8; bits++)
            foreach (bool signed in new[] { false, true })
                foreach (bool symmetric in new[] { false, true })
                    foreach (bool narrow in new[] { false, true })
                        grids.Add(bits, signed, symmetric, narrow);
        return grids;
    }

    [Theory, MemberData(nameof(Every))]
    public void Codes_are_those_of_the_width(int bits, bool signed, bool symmetric, bool narrow)
    {
        var grid = new Grid(bits, signed, symmetric, narrow);
        double half = Math.Pow(2, bits - 1);
        Assert.Equal(signed ? -half + (narrow ? 1 : 0) : 0, grid.QMin);
        Assert.Equal(signed ? half - 1 : 2 * half - 1, grid.QMax);
        Assert.Equal(grid.QMax - grid.QMin + 1, grid.Levels);
    }

    [Theory, MemberData(nameof(Every))]
    public void A_range_fits_its_grid_to_half_a_step_and_zero_is_exact(int bits, bool signed, bool symmetric, bool narrow)
    {
        var grid = new Grid(bits, signed, symmetric, narrow);
        var (scale, zero) = grid.FromRange(symmetric && !signed ? 0 : -1.5, 2.5);
        Assert.True(scale > 0);
        Assert.Equal(zero, MathF.Round(zero));
        Assert.InRange(zero, grid.QMin, grid.QMax);
        if (symmetric) Assert.Equal(0, zero);
        // The asymmetric zero point is rounded, which moves either end by at most half a step.
        Assert.InRange((grid.QMax - zero) * scale, 2.5 - 0.51 * scale, double.MaxValue);
        if (!symmetric) Assert.InRange((grid.QMin - zero) * scale, double.MinValue, -1.5 + 0.51 * scale);
    }

    [Fact]
    public void Symmetric_scale_is_the_largest_magnitude_over_qmax() =>
        Assert.Equal(2.54f / 127, Grid.Weights(8).FromRange(-2.54, 1).Scale, 1e-9);

    [Fact]
    public void Asymmetric_range_is_extended_to_hold_zero()
    {
        Assert.Equal((0.02f, 0f), Grid.Activations(8).FromRange(3, 5.1));
        Assert.Equal((0.02f, 255f), Grid.Activations(8).FromRange(-5.1, -3));
    }

    [Theory]
    [InlineData(0, 0), InlineData(0, 1e-44), InlineData(-1e-44, 1e-44), InlineData(-3e38, 3e38), InlineData(5, 5)]
    public void Scale_and_its_inverse_are_finite_and_positive_for_any_finite_range(double min, double max)
    {
        foreach (var grid in new[] { Grid.Weights(8), Grid.Weights(2), Grid.Activations(8), Grid.Activations(2) })
        {
            float scale = grid.FromRange(min, max).Scale;
            Assert.True(scale > 0 && float.IsFinite(scale) && float.IsFinite(1 / scale));
        }
    }

    [Theory, InlineData(double.NaN, 1), InlineData(0, double.PositiveInfinity)]
    public void A_range_that_is_not_finite_is_refused(double min, double max) =>
        Assert.Contains("NaN", Assert.Throws<UserError>(() => Grid.Activations(8).FromRange(min, max)).Message);
}
