using EfQat.Integer.Program;

namespace EfQat.Integer.Compilation;

/// <summary>A step beside the module it came from, both given the codes that the network has there.</summary>
/// <param name="Step">Its name.</param>
/// <param name="MaxSteps">The greatest difference, in steps of the grid.</param>
/// <param name="Share">Of the codes that differ: floats and fixed-point factors round apart near a half.</param>
public sealed record LayerDifference(string Step, int MaxSteps, double Share)
{
    /// <summary>Compares every step that writes codes; what one differs by does not reach the next.</summary>
    /// <param name="session">Of a program that was compiled from the model.</param>
    /// <param name="model">Fake-quantized.</param>
    /// <param name="image">// [1, C, H, W]</param>
    public static IReadOnlyList<LayerDifference> Of(IntegerSession session, nn.Module<Tensor, Tensor> model, Tensor image)
    {
        var expected = Trace.Of(model, image).Calls.Where(call => call.Codes is not null).GroupBy(call => call.Name)
            .ToDictionary(group => group.Key, group => group.Last().Codes!);
        float[] pixels = image.permute(0, 2, 3, 1).contiguous().data<float>().ToArray();
        var steps = session.Program.Steps;
        List<LayerDifference> differences = [];
        for (int i = 0; i < steps.Count - 1; i++)
        {
            foreach (int read in steps[i].From) expected[steps[read].Name].CopyTo(session.Codes(read));
            session.RunStep(i, pixels);
            differences.Add(Between(steps[i].Name, session.Codes(i), expected[steps[i].Name]));
        }
        return differences;
    }

    private static LayerDifference Between(string step, ReadOnlySpan<byte> codes, ReadOnlySpan<byte> expected)
    {
        int most = 0, different = 0;
        for (int i = 0; i < codes.Length; i++)
        {
            int difference = Math.Abs(codes[i] - expected[i]);
            most = Math.Max(most, difference);
            if (difference > 0) different++;
        }
        return new(step, most, (double)different / codes.Length);
    }
}
