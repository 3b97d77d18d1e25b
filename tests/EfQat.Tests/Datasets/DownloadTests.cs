using System.Formats.Tar;
using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using EfQat.Datasets;

namespace EfQat.Tests.Datasets;

public sealed class DownloadTests : IDisposable
{
    static readonly byte[] Content = Encoding.UTF8.GetBytes("what was published");
    readonly string _folder = Directory.CreateTempSubdirectory("efqat-download").FullName;
    readonly HttpListener _server = new();
    readonly string _address;

    public DownloadTests()
    {
        using (var socket = new TcpListener(IPAddress.Loopback, 0))
        {
            socket.Start();
            _address = $"http://localhost:{((IPEndPoint)socket.LocalEndpoint).Port}/";
        }
        _server.Prefixes.Add(_address);
        _server.Start();
    }

    public void Dispose()
    {
        _server.Close();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Answers one request; null is 404.</summary>
    void Serve(byte[]? bytes) => _server.GetContextAsync().ContinueWith(request =>
    {
        using var response = request.Result.Response;
        response.StatusCode = bytes is null ? 404 : 200;
        response.OutputStream.Write(bytes ?? []);
    }, TaskContinuationOptions.OnlyOnRanToCompletion);

    string Fetch(byte[] published, string name = "data.bin", CancellationToken cancellation = default)
    {
        var file = new DatasetFile(name, _address + name, published.Length, Convert.ToHexStringLower(SHA256.HashData(published)));
        return Download.Fetch(Manifest.Find("cifar10") with { Files = [file] }, _folder, null, cancellation);
    }

    [Fact]
    public void A_file_that_is_what_was_published_appears()
    {
        Serve(Content);
        Assert.Equal(_folder, Fetch(Content));
        Assert.Equal(Content, File.ReadAllBytes(Path.Combine(_folder, "data.bin")));
        Assert.Single(Directory.GetFiles(_folder));
    }

    [Theory]
    [InlineData("what was publishes", "sha256 is ")]
    [InlineData("what was", "size is 8 bytes, the published file has 18")]
    [InlineData("what was published, and more", "size is 28 bytes, the published file has 18")]
    public void Another_file_is_refused_and_the_old_one_stays(string served, string problem)
    {
        var old = Path.Combine(_folder, "data.bin");
        File.WriteAllText(old, "old");
        Serve(Encoding.UTF8.GetBytes(served));
        var error = Assert.Throws<UserError>(() => Fetch(Content));
        Assert.Contains("data.bin", error.Message);
        Assert.Contains(problem, error.Message);
        Assert.Equal("old", File.ReadAllText(old));
        Assert.Equal([old], Directory.GetFiles(_folder));
    }

    [Fact]
    public void A_missing_file_names_its_address()
    {
        Serve(null);
        var error = Assert.Throws<UserError>(() => Fetch(Content));
        Assert.StartsWith($"{_address}data.bin: cannot be downloaded", error.Message);
        Assert.Contains(_folder, error.Message);
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    public void A_cancelled_download_leaves_nothing()
    {
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => Fetch(Content, cancellation: stop.Token));
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    public void An_archive_is_unpacked_without_its_folders_and_removed()
    {
        using var bytes = new MemoryStream();
        using (var tar = new TarWriter(new GZipStream(bytes, CompressionLevel.Fastest)))
            foreach (var name in new[] { "../batches/test_batch.bin", "batches/readme.html" })
                tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(Content) });
        Serve(bytes.ToArray());
        Fetch(bytes.ToArray(), "data.tar.gz");
        Assert.Equal([Path.Combine(_folder, "test_batch.bin")], Directory.GetFiles(_folder));
        Assert.Equal(Content, File.ReadAllBytes(Path.Combine(_folder, "test_batch.bin")));
    }
}
