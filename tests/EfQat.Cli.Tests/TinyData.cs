namespace EfQat.Cli.Tests;

/// <summary>Small pictures whose brightness tells their class, as CIFAR-10's binary records: enough to train on in seconds.</summary>
static class TinyData
{
    /// <summary>Writes the data set and returns its folder.</summary>
    public static string Write(string parent, int train, int test = 16)
    {
        var folder = Directory.CreateDirectory(Path.Combine(parent, "tiny")).FullName;
        var random = new Random(1);
        foreach (var (name, count) in new[] { ("train", train), ("test", test) })
            File.WriteAllBytes(Path.Combine(folder, name + ".bin"), [.. Enumerable.Range(0, count).SelectMany(i =>
                Enumerable.Range(0, 3072).Select(_ => (byte)(i % 10 * 20 + random.Next(50))).Prepend((byte)(i % 10)))]);
        return folder;
    }
}
