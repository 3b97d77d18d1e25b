using EfQat.Integer.Onnx;
using EfQat.Quantization;
using EfQat.Training;
using EfQat.Weights;

namespace EfQat.Cli.Experiments;

/// <summary>What an ONNX file is made from: enough to make the quantized network again, and kept in the file.</summary>
/// <param name="Model">The network.</param>
/// <param name="Data">Its data.</param>
/// <param name="Vocabulary">Of a BERT.</param>
/// <param name="Weights">In full precision; or quantized and trained.</param>
/// <param name="Digest">Of that file.</param>
/// <param name="Scheme">How it is quantized.</param>
/// <param name="Samples">Of calibration; 0 where the weights are quantized and trained.</param>
/// <param name="Seed">Draws them, or drew what it was trained on.</param>
sealed record OnnxSource(string Model, string Data, string Vocabulary, string Weights, string Digest, string Scheme, int Samples, string Seed)
{
    /// <summary>As a file has it.</summary>
    /// <exception cref="UserError">The file does not say.</exception>
    public static OnnxSource Of(ModelProto file, string path)
    {
        var metadata = file.Metadata();
        string Field(string key) => metadata.GetValueOrDefault(key)
            ?? throw new UserError(
                $"{path}: does not say what it was made from ('{key}'), so there is nothing to compare with; write it with 'efqat export onnx'");
        return new(
            Field("model"), Field("data"), Field("vocabulary"), Field("weights"), Field("digest"), Field("scheme"),
            int.TryParse(Field("samples"), out int samples)
                ? samples
                : throw new UserError($"{path}: 'samples' is no number; write it with 'efqat export onnx'"),
            Field("seed"));
    }

    /// <summary>What a file keeps of it.</summary>
    public Dictionary<string, string> Metadata() => new()
    {
        ["model"] = Model, ["data"] = Data, ["vocabulary"] = Vocabulary, ["weights"] = Weights, ["digest"] = Digest, ["scheme"] = Scheme,
        ["samples"] = $"{Samples}", ["seed"] = Seed, ["version"] = OnnxFile.Version,
    };

    /// <summary>The network's kind, and its data as the weights want them.</summary>
    /// <exception cref="UserError">The weights are missing, or others than they were.</exception>
    public ILearningTask Task()
    {
        var task = TaskOptions.Task(Model, Data, Vocabulary == "" ? null : Vocabulary);
        if (EfQatExperiment.Digest(task, Weights) is var found && found != Digest)
            throw new UserError(
                $"{Weights}: its sha256 begins with {found}, and the ONNX file was made from {Digest}; export again, or name the old weights with --weights");
        if (Normalization.Of(Weights) is { } statistics) task.Normalize(statistics);
        return task;
    }

    /// <summary>The fake-quantized network, in eval mode.</summary>
    /// <param name="task">Of <see cref="Task"/>.</param>
    public nn.Module<Tensor, Tensor> Quantized(ILearningTask task)
    {
        var model = task.Create();
        if (Samples == 0) QuantizedFile.Load(Weights, model);
        else
        {
            task.Load(model, Weights);
            var scheme = Quantization.Scheme.Parse(Scheme);
            Quantize.Prepare(model, scheme);
            Quantize.Calibrate(model, scheme, task.Calibration(Samples, long.Parse(Seed), CPU).Epoch());
        }
        model.eval();
        return model;
    }

    /// <summary>The bytes of a network's parameters as 32-bit floats.</summary>
    public static double FloatBytes(ILearningTask task)
    {
        using var model = task.Create();
        return 4.0 * model.parameters().Sum(parameter => parameter.numel());
    }
}
