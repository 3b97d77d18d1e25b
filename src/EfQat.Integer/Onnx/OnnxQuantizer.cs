using EfQat.Quantization;

namespace EfQat.Integer.Onnx;

/// <summary>Fake-quantization of activations as ONNX has it: QuantizeLinear, q = saturate(round(x / s) + z), and DequantizeLinear, x̂ = (q − z)·s.</summary>
internal static class OnnxQuantizer
{
    /// <summary>
    /// Adds the two nodes. Before them stands a Relu where the quantizer has one, and Max or Min where its codes end before their type: what is left
    /// are exactly its codes, for clipping at a code's value and rounding may change places. ONNX Runtime (1.30) multiplies integers only without them.
    /// </summary>
    /// <param name="graph">Where to.</param>
    /// <param name="name">The quantizer's.</param>
    /// <param name="input">The tensor that it reads.</param>
    /// <param name="quantizer">Calibrated.</param>
    /// <returns>The tensor on the grid, as floats.</returns>
    /// <exception cref="UserError">The quantizer is not calibrated.</exception>
    public static string Quantize(this OnnxGraph graph, string name, string input, FakeQuantize quantizer)
    {
        if (quantizer.State != QuantizerState.On) throw new UserError($"{name}: the quantizer is {quantizer.State}; run Quantize.Calibrate before the export");
        if (!double.IsFinite(quantizer.Scale))
            throw new UserError($"{name}: its scale is {quantizer.Scale}; look for NaN in the weights or the samples, and calibrate again");
        var (type, zeroPoint) = Codes(quantizer);
        var (low, high) = OnnxTensor.Limits(type);
        string Bounded(string end, int code) => graph.Add(
            end, $"{name}.{end}", [input, graph.Add(OnnxTensor.Float($"{name}.{end}.bound", (code - quantizer.ZeroPoint) * (float)quantizer.Scale))]);

        if (quantizer.Relu) input = graph.Add("Relu", $"{name}.Relu", [input]);
        else if (quantizer.Grid.QMin > low) input = Bounded("Max", quantizer.Grid.QMin);
        if (quantizer.Highest - quantizer.ZeroPoint + zeroPoint < high) input = Bounded("Min", quantizer.Highest);
        return graph.Round(name, input, quantizer);
    }

    /// <summary>The two nodes alone, for values that are on the grid already and were only moved: it says so to whoever computes with codes.</summary>
    /// <param name="graph">Where to.</param>
    /// <param name="name">Of the result.</param>
    /// <param name="input">On the quantizer's grid.</param>
    /// <param name="quantizer">Whose scale and zero point are taken.</param>
    public static string Round(this OnnxGraph graph, string name, string input, FakeQuantize quantizer)
    {
        var (type, zeroPoint) = Codes(quantizer);
        if (quantizer.Grid.Bits <= 4) graph.Needs(21);
        string scale = graph.Add(OnnxTensor.Float($"{name}.scale", (float)quantizer.Scale));
        using var value = tensor((short)zeroPoint);
        string zero = graph.Add(OnnxTensor.Codes($"{name}.zero_point", value, type));
        string codes = graph.Add("QuantizeLinear", $"{name}.codes", [input, scale, zero]);
        return graph.Add("DequantizeLinear", name, [codes, scale, zero]);
    }

    /// <summary>The type of the codes, and where they count from: behind a ReLU from the zero point, for below it there are none.</summary>
    private static (TensorProto.Types.DataType Type, int ZeroPoint) Codes(FakeQuantize quantizer) => quantizer.Relu
        ? (OnnxTensor.TypeOf(quantizer.Grid with { Signed = false }), 0)
        : (OnnxTensor.TypeOf(quantizer.Grid), quantizer.ZeroPoint);
}
