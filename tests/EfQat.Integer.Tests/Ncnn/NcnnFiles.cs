namespace EfQat.Integer.Tests.Ncnn;

/// <summary>A .param file beside a .bin file of random weights, which are kept to compute with.</summary>
sealed class NcnnFiles : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory();

    /// <param name="layers">The lines behind the first two.</param>
    /// <param name="cut">Bytes that the .bin file lacks.</param>
    public NcnnFiles(string layers, int cut = 0)
    {
        string[] lines = layers.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        File.WriteAllLines(Param, ["7767517", $"{lines.Length} {lines.Length}", .. lines]);
        using var file = new BinaryWriter(File.Create(Path.ChangeExtension(Param, ".bin")));
        foreach (string line in lines) Write(file, line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        file.BaseStream.SetLength(file.BaseStream.Length - cut);
    }

    public string Param => Path.Combine(folder.FullName, "net.param");

    /// <summary>By layer: what it was given, in the order of the file.</summary>
    public Dictionary<string, Tensor[]> Weights { get; } = [];

    public void Dispose() => folder.Delete(recursive: true);

    private void Write(BinaryWriter file, string[] words)
    {
        int Number(int key) => words.Skip(4).FirstOrDefault(word => word.StartsWith($"{key}=")) is { } word ? int.Parse(word.Split('=')[1]) : 0;
        switch (words[0])
        {
            case "Convolution" or "ConvolutionDepthWise": Product(Number(0), Number(6), Number(5)); break;
            case "InnerProduct": Product(Number(0), Number(2), Number(1)); break;
            case "BatchNorm": Add(rand(Number(0)) + 0.5, randn(Number(0)) * 0.2, rand(Number(0)) + 0.2, randn(Number(0))); break;
            case "Scale": Add((rand(Number(0)) + 0.5) * randn(Number(0)).sign(), randn(Number(0))); break;
        }

        void Product(int outputs, int count, int biased)
        {
            file.Write(0u); // 32-bit floats
            Add(randn(count) * Math.Sqrt(2.0 * outputs / count));
            if (biased == 1) Add(randn(outputs) * 0.2);
        }

        void Add(params Tensor[] parts)
        {
            foreach (float value in parts.SelectMany(part => part.data<float>().ToArray())) file.Write(value);
            Weights[words[1]] = [.. Weights.GetValueOrDefault(words[1]) ?? [], .. parts];
        }
    }
}
