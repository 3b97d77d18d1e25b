using System.Diagnostics;
using EfQat.Datasets;
using EfQat.Integer.Onnx;
using EfQat.Models;
using EfQat.PostTraining;
using EfQat.Quantization;
using TorchSharp.Modules;
using static EfQat.Integer.Onnx.TensorProto.Types;

namespace EfQat.Integer.Tests.Onnx;

public sealed class OnnxExporterTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory();
    private readonly Tensor x;

    public OnnxExporterTests()
    {
        manual_seed(1);
        x = randn(2, 3, 8, 8);
    }

    public void Dispose()
    {
        scope.Dispose();
        folder.Delete(recursive: true);
    }

    private string FilePath => Path.Combine(folder.FullName, "model.onnx");

    private T Quantized<T>(T model, string scheme) where T : nn.Module<Tensor, Tensor>
    {
        Quantize.Prepare(model, Scheme.Parse(scheme));
        Quantize.Calibrate(model, Scheme.Parse(scheme), [new Batch(x, zeros(2, dtype: int64))]);
        return model;
    }

    private ResNet Network(string scheme) => Quantized(ResNet.Create("resnet20", 3, 10), scheme);

    private static TensorProto Constant(ModelProto model, string name) => model.Graph.Initializer.Single(constant => constant.Name == name);

    [Theory]
    [InlineData("W8A8", DataType.Int8, 17), InlineData("W5A8", DataType.Int8, 17), InlineData("W4A8", DataType.Int4, 21), InlineData("W2A8", DataType.Int4, 21)]
    [InlineData("W8A8,group=8", DataType.Int8, 21)]
    public void Codes_times_scales_are_the_very_weights_of_the_model(string scheme, DataType type, long opset)
    {
        var network = Network(scheme);
        var file = OnnxExporter.Export(network, x, foldBatchNorm: false);
        Assert.Equal(opset, file.OpsetImport.Single().Version);
        var layer = (QuantizedLayer)network.named_modules().Single(pair => pair.name == "layer2.0.conv1").module;
        var (codes, scales) = (Constant(file, "layer2.0.conv1.weight"), Constant(file, "layer2.0.conv1.weight.scale"));
        Assert.Equal((int)type, codes.DataType);
        Assert.Equal([32, 16, 3, 3], codes.Dims);
        Assert.Equal(scheme.Contains("group") ? [32, 2, 3, 3] : (long[])[32], scales.Dims);

        float[] weight = [.. layer.CompleteWeight.detach().data<float>()], own = [.. layer.get_parameter("log_scale")!.detach().exp().data<float>()];
        var (q, s) = (codes.Values(), scales.Values());
        for (int i = 0; i < weight.Length; i++)
        {
            int group = i / (weight.Length / own.Length);
            double expected = Math.Clamp(Math.Round(weight[i] / own[group], MidpointRounding.ToEven), layer.WeightGrid.QMin, layer.WeightGrid.QMax);
            Assert.Equal(expected, q[i]);
            Assert.Equal(own[group], s[scheme.Contains("group") ? group * 9 + i % 9 : group]);
        }
    }

    /// <summary>ONNX Runtime's exact mode takes none left out or shared.</summary>
    [Theory, InlineData("W8A8"), InlineData("W8A8,per-tensor"), InlineData("W4A8"), InlineData("W8A8,group=8")]
    public void Every_weight_has_zero_points_of_its_own_as_many_as_scales(string scheme)
    {
        var file = OnnxExporter.Export(Network(scheme), x);
        NodeProto[] weights = [.. file.Graph.Node.Where(node => node.Name.EndsWith("weight.dequantized", StringComparison.Ordinal))];
        Assert.Equal(20, weights.Select(node => node.Input[2]).Distinct().Count());
        Assert.All(weights, node =>
        {
            var (codes, zeros) = (Constant(file, node.Input[0]), Constant(file, node.Input[2]));
            Assert.Equal((codes.DataType, Constant(file, node.Input[1]).Dims), (zeros.DataType, zeros.Dims));
            Assert.All(zeros.Values(), zero => Assert.Equal(0, zero));
        });
    }

    [Fact]
    public void Behind_a_ReLU_codes_are_unsigned_and_clips_stand_only_where_codes_end_before_their_type()
    {
        string[] Bounds(ModelProto file) => [.. file.Graph.Node.Where(node => node.OpType is "Min" or "Max").Select(node => node.Name)];
        var file = OnnxExporter.Export(Network(EasyQuantOptions.Paper.Scheme(7).ToString()), x);
        Assert.Superset(new HashSet<string> { "conv1.input.Max", "conv1.input.Min", "relu1.Min" }, new HashSet<string>(Bounds(file)));
        Assert.DoesNotContain("relu1.Max", Bounds(file));
        Assert.Equal((int)DataType.Int8, Constant(file, "conv1.input.zero_point").DataType);
        Assert.Equal((int)DataType.Uint8, Constant(file, "relu1.zero_point").DataType);
        Assert.Empty(Bounds(OnnxExporter.Export(Network("W7A8,first-last=7"), x)));
    }

    [Fact]
    public void Codes_of_4_bits_are_packed_in_twos_lower_half_first()
    {
        var packed = OnnxTensor.Codes("w", tensor((short[])[-8, 7, 1, -1, 5]), DataType.Int4);
        Assert.Equal([0x78, 0xF1, 0x05], packed.RawData.ToByteArray());
        Assert.Equal([-8, 7, 1, -1, 5], packed.Values());
    }

    [Fact]
    public void A_folded_norm_scales_and_negates_codes_and_only_where_every_code_has_a_negative_in_its_type()
    {
        foreach (var (scheme, folded) in (((string, bool)[])[("W8A8,narrow", true), ("W8A8", false), ("W7A8,first-last=7", true)]))
        {
            var network = ResNet.Create("resnet20", 3, 10);
            using (no_grad()) network.get_parameter("bn1.weight")!.fill_(-0.5);
            Quantized(network, scheme);
            using (no_grad())
                foreach (var each in Quantize.Layers(network)) each.get_parameter("log_scale")!.sub_(1); // now weights clip at either end
            var layer = Quantize.Layers(network)[0];
            var file = OnnxExporter.Export(network, x);
            Assert.Equal(folded ? 0 : 1, file.Graph.Node.Count(node => node.OpType == "BatchNormalization"));
            short[] own = layer.Integers.Integers().data<short>().ToArray();
            Assert.Equal(own.Select(code => folded ? -code : (double)code), Constant(file, "conv1.weight").Values());
            double factor = folded ? 0.5 / Math.Sqrt(1 + 1e-5) : 1;
            Assert.All(
                layer.Integers.Scale.data<float>().ToArray().Zip(Constant(file, "conv1.weight.scale").Values()),
                pair => Assert.Equal(pair.First * factor, pair.Second, 1e-6 * pair.First));
        }
    }

    /// <summary>Runtimes round a bias to 32 bits in units of both scales' product: 300 in units of 10⁻¹⁰ has too many.</summary>
    [Fact]
    public void The_bias_of_a_channel_that_died_fits_32_bits_of_its_scale()
    {
        var network = Network("W8A8");
        using (no_grad())
        {
            network.get_parameter("bn1.bias")![0].fill_(300);
            network.get_parameter("bn1.weight")![0].fill_(1e-9);
        }
        var file = OnnxExporter.Export(network, x);
        double unit = Constant(file, "conv1.weight.scale").Values()[0] * Constant(file, "conv1.input.scale").Values()[0];
        Assert.Equal(300, Constant(file, "conv1.bias").Values()[0], 1e-4);
        Assert.InRange(300 / unit, Math.Pow(2, 29), Math.Pow(2, 30.01));
        Assert.All(Constant(file, "conv1.weight").Values()[..27], code => Assert.Equal(0, code));
    }

    [Fact]
    public void A_file_says_what_it_was_made_from_and_its_batch_is_free()
    {
        OnnxFile.Save(OnnxExporter.Export(Network("W4A8"), x, new Dictionary<string, string> { ["scheme"] = "W4A8", ["seed"] = "7" }), FilePath);
        var file = OnnxFile.Load(FilePath);
        Assert.Equal([("scheme", "W4A8"), ("seed", "7")], file.Metadata().Select(pair => (pair.Key, pair.Value)));
        Assert.Equal((OnnxFile.Producer, OnnxFile.Version), (file.ProducerName, file.ProducerVersion));
        var (input, output) = (file.Graph.Input.Single(), file.Graph.Output.Single());
        Assert.Equal(["N", "3", "8", "8"], input.Type.TensorType.Shape.Dim.Select(dim => dim.HasDimParam ? dim.DimParam : $"{dim.DimValue}"));
        Assert.Equal(("logits", "N"), (output.Name, output.Type.TensorType.Shape.Dim[0].DimParam));
        Assert.Equal([FilePath], Directory.GetFiles(folder.FullName));
    }

    /// <summary>Debian's python3-onnx 1.12 knows operator sets up to 17, which hold all but types of 4 bits and scales of groups.</summary>
    [SkippableTheory, InlineData(false), InlineData(true)]
    public void The_checker_of_ONNX_accepts_it(bool bert)
    {
        Skip.If(Python("import onnx").Length > 0, "python3-onnx is not installed");
        var model = bert
            ? Bert("W8A8")
            : OnnxExporter.Export(Quantized(ResNet.Create("resnet20", 3, 10), "W8A6,signed"), x);
        OnnxFile.Save(model, FilePath);
        Assert.Equal("", Python($"import onnx; onnx.checker.check_model(onnx.load('{FilePath}'), full_check=True)"));
    }

    private static ModelProto Bert(string scheme)
    {
        var model = new BertForSequenceClassification(new(1, 16, 2, 32, Vocabulary: 50, Positions: 20), 3);
        var sample = ones(2, 3, 7, dtype: int64);
        Quantize.Prepare(model, Scheme.Parse(scheme));
        Quantize.Calibrate(model, Scheme.Parse(scheme), [new Batch(sample, zeros(2, dtype: int64))]);
        return OnnxExporter.Export(model, sample);
    }

    /// <returns>What it wrote to standard error; empty where all went well.</returns>
    private static string Python(string script)
    {
        try
        {
            using var python = Process.Start(new ProcessStartInfo("/usr/bin/python3", ["-c", script]) { RedirectStandardError = true })!;
            string errors = python.StandardError.ReadToEnd();
            python.WaitForExit();
            return python.ExitCode == 0 ? "" : errors;
        }
        catch (System.ComponentModel.Win32Exception problem)
        {
            return problem.Message;
        }
    }

    private sealed class Chain(Func<Tensor, Tensor> between, nn.Module<Tensor, Tensor> first, nn.Module<Tensor, Tensor> last) : nn.Module<Tensor, Tensor>(nameof(Chain))
    {
        private readonly nn.Module<Tensor, Tensor> first = first, last = last;

        public Chain Registered()
        {
            RegisterComponents();
            return this;
        }

        public override Tensor forward(Tensor input) => last.call(between(first.call(input)));
    }

    private static Chain Chained(Func<Tensor, Tensor> between, nn.Module<Tensor, Tensor> first, nn.Module<Tensor, Tensor> last) =>
        new Chain(between, first, last).Registered();

    private string Error(nn.Module<Tensor, Tensor> model) => Assert.Throws<UserError>(() => OnnxExporter.Export(model, x)).Message;

    [Fact]
    public void What_cannot_be_exported_is_named()
    {
        Assert.Matches("^last: a GELU .* supported are BERT.*ResidualAdd", Error(Quantized(Chained(y => y, nn.Conv2d(3, 4, 3), nn.GELU()), "W8A8")));
        Assert.StartsWith("last.input: reads a tensor that no module returned", Error(Quantized(Chained(y => y * 2, nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3)), "W8A8")));
        Assert.StartsWith("first: a Conv2d as it is", Error(Chained(y => y, nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3))));
        var model = Chained(y => y, nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3));
        Quantize.Prepare(model, Scheme.Parse("W8A8"));
        Assert.StartsWith("first.input: the quantizer is Off; run Quantize.Calibrate", Error(model));
    }

    [Fact]
    public void What_is_no_ONNX_file_gives_one_line()
    {
        Assert.Contains("the file is missing", Assert.Throws<UserError>(() => OnnxFile.Load(FilePath)).Message);
        foreach (byte[] bytes in (byte[][])[[], [1, 2, 3], [.. "{ \"a\": 1 }"u8]])
        {
            File.WriteAllBytes(FilePath, bytes);
            Assert.StartsWith($"{FilePath}: no ONNX file, or a damaged one", Assert.Throws<UserError>(() => OnnxFile.Load(FilePath)).Message);
        }
    }
}
