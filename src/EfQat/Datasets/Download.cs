using System.Formats.Tar;
using System.IO.Compression;

namespace EfQat.Datasets;

/// <summary>Downloads: whole and checked, or absent.</summary>
static class Download
{
    static readonly HttpClient Http = new() { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>All files of an entry into <paramref name="folder"/>; an archive is unpacked there and removed.</summary>
    public static string Fetch(DatasetEntry entry, string folder, IProgress<double>? progress, CancellationToken cancellation)
    {
        var total = entry.Files.Sum(file => file.Size);
        var before = 0L;
        foreach (var file in entry.Files)
        {
            var path = Path.Combine(folder, file.Name);
            FetchFile(file, path, done => progress?.Report((double)(before + done) / total), cancellation);
            if (file.Name.EndsWith(".tar.gz"))
            {
                Unpack(path, folder, cancellation);
                File.Delete(path);
            }
            before += file.Size;
        }
        return folder;
    }

    static void FetchFile(DatasetFile file, string path, Action<long> progress, CancellationToken cancellation)
    {
        var unfinished = path + ".download";
        try
        {
            Files.WriteWhole(unfinished, target => Copy(file, target, progress, cancellation));
            file.Verify(unfinished);
            File.Move(unfinished, path, overwrite: true);
        }
        catch (HttpRequestException error)
        {
            throw new UserError($"{file.Url}: cannot be downloaded ({error.Message}); check the network, or put the file in {Path.GetDirectoryName(path)}");
        }
        finally
        {
            File.Delete(unfinished);
        }
    }

    static void Copy(DatasetFile file, Stream target, Action<long> progress, CancellationToken cancellation)
    {
        using var response = Http.Send(new(HttpMethod.Get, file.Url), HttpCompletionOption.ResponseHeadersRead, cancellation);
        using var source = response.EnsureSuccessStatusCode().Content.ReadAsStream(cancellation);
        var buffer = new byte[1 << 16];
        var done = 0L;
        for (int read; done <= file.Size && (read = source.Read(buffer)) > 0;)
        {
            cancellation.ThrowIfCancellationRequested();
            target.Write(buffer, 0, read);
            progress(done += read);
        }
    }

    /// <summary>The archive's .bin and .txt files, without its folders.</summary>
    static void Unpack(string archive, string folder, CancellationToken cancellation)
    {
        using var tar = new TarReader(new GZipStream(File.OpenRead(archive), CompressionMode.Decompress));
        while (tar.GetNextEntry() is { } entry)
        {
            cancellation.ThrowIfCancellationRequested();
            var name = Path.GetFileName(entry.Name);
            if (entry.DataStream is { } data && Path.GetExtension(name) is ".bin" or ".txt")
                Files.WriteWhole(Path.Combine(folder, name), data.CopyTo);
        }
    }
}
