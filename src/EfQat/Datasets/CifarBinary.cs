namespace EfQat.Datasets;

/// <summary>
/// The binary version of CIFAR-10: records of one label byte and 3,072 pixels (R, G, B planes of 32×32).
/// Source: https://www.cs.toronto.edu/~kriz/cifar.html.
/// </summary>
static class CifarBinary
{
    const int Pixels = 3 * 32 * 32, Record = 1 + Pixels, Classes = 10;

    /// <summary>Any number of records from data_batch_*.bin and train*.bin, or test*.bin, in the order of their names.</summary>
    public static (byte[] Pixels, byte[] Labels) ReadSplit(string folder, string split)
    {
        var files = Files(folder, split);
        var bytes = new List<byte[]>(files.Select(ReadRecords));
        var count = bytes.Sum(b => b.Length / Record);
        var pixels = new byte[count * Pixels]; // [N, 3, 32, 32]
        var labels = new byte[count];
        var n = 0;
        foreach (var file in bytes)
            for (var at = 0; at < file.Length; at += Record, n++)
            {
                labels[n] = file[at];
                file.AsSpan(at + 1, Pixels).CopyTo(pixels.AsSpan(n * Pixels));
            }
        return (pixels, labels);
    }

    /// <summary>The record files of a split; none where the folder has none.</summary>
    public static string[] Files(string folder, string split) =>
        [.. Directory.EnumerateFiles(folder, "*.bin")
            .Where(f => Path.GetFileName(f) is var name && (split == "test" ? name.StartsWith("test") : name.StartsWith("train") || name.StartsWith("data_batch")))
            .Order(StringComparer.Ordinal)];

    /// <summary>Records of a split, by the size of its files.</summary>
    public static int Count(string folder, string split) => (int)Files(folder, split).Sum(file => new FileInfo(file).Length / Record);

    /// <summary>Class names of batches.meta.txt, or null where that file is absent.</summary>
    public static string[]? ReadClassNames(string folder)
    {
        var path = Path.Combine(folder, "batches.meta.txt");
        if (!File.Exists(path))
            return null;
        string[] names = [.. File.ReadLines(path).Select(line => line.Trim()).Where(line => line != "")];
        return names.Length == Classes ? names : throw new UserError($"{path}: {names.Length} class names where {Classes} belong, one a line; restore the file");
    }

    static byte[] ReadRecords(string path)
    {
        var bytes = File.ReadAllBytes(path);
        if (bytes.Length == 0 || bytes.Length % Record != 0)
            throw new UserError($"{path}: {bytes.Length} bytes are not whole records of {Record}; fetch the file again");
        for (var at = 0; at < bytes.Length; at += Record)
            if (bytes[at] >= Classes)
                throw new UserError($"{path}: label {bytes[at]} of record {at / Record} is not below {Classes}; fetch the file again");
        return bytes;
    }
}
