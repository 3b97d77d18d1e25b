using System.Text.Json;

namespace EfQat.Cli.Tests;

public sealed class DoctorTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("efqat-doctor-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Json_names_every_part_and_its_status()
    {
        var (code, output, _) = await Shell.Run("doctor", "--json");
        var findings = JsonDocument.Parse(output).RootElement.EnumerateArray()
            .ToDictionary(f => f.GetProperty("part").GetString()!, f => f.GetProperty("status").GetString());
        Assert.Equal(0, code);
        foreach (var part in new[] { "Runtime", "CPU", "libtorch", "Kernels", "plotly.js" })
            Assert.Equal("ok", findings[part]);
        Assert.Contains("CUDA", findings.Keys);
    }

    [Fact]
    public async Task A_file_named_for_json_gets_it_and_the_table_stays()
    {
        var file = Path.Combine(folder, "new", "doctor.json");
        var (code, output, _) = await Shell.Run("doctor", "--json", file);
        Assert.Equal(0, code);
        Assert.Equal(JsonValueKind.Array, JsonDocument.Parse(File.ReadAllText(file)).RootElement.ValueKind);
        Assert.Contains("libtorch", output);
        Assert.DoesNotContain("\"part\"", output);
    }

    [Fact]
    public async Task A_full_disk_leaves_the_old_result_alone()
    {
        var file = Path.Combine(folder, "doctor.json");
        File.WriteAllText(file, "old");
        File.CreateSymbolicLink(file + ".unfinished", "/dev/full");
        var (code, _, error) = await Shell.Run("doctor", "--json", file);
        Assert.Equal(1, code);
        Assert.StartsWith("error: No space left on device", error);
        Assert.Equal("old", File.ReadAllText(file));
        Assert.Equal([file], Directory.GetFiles(folder));
    }

    [Fact]
    public async Task Every_data_set_is_found_or_says_how_to_get_it()
    {
        var data = TinyData.Write(folder, train: 40);
        using var process = Shell.Start([("EFQAT_DATA", data), ("XDG_DATA_HOME", folder)], "doctor", "--json");
        var findings = JsonDocument.Parse((await process.Finish()).Output).RootElement.EnumerateArray().ToDictionary(f => f.GetProperty("part").GetString()!);
        Assert.Equal($"40 training and 16 test images in {data}", findings["CIFAR-10"].GetProperty("found").GetString());
        Assert.Equal("absent", findings["CIFAR-10 (JPEG)"].GetProperty("status").GetString());
        Assert.Contains("EFQAT_DATA", findings["CIFAR-10 (JPEG)"].GetProperty("remedy").GetString());
        Assert.Contains("fashion-mnist", findings.Keys);
    }

#if LOCAL_TORCH
    [Fact]
    public async Task A_LIBTORCH_that_is_not_used_is_said()
    {
        using var process = Shell.Start([("LIBTORCH", "/no/such/libtorch")], "doctor");
        var (code, output, _) = await process.Finish();
        Assert.Equal(0, code); // it works, with the one it was built with
        Assert.Contains("/no/such/libtorch has no lib/ in it", output);
        Assert.Contains("→ Unset LIBTORCH", output);
    }

    [Fact]
    public async Task Without_the_native_library_it_fails_and_says_what_to_run()
    {
        using var process = Shell.Start([("LOCALTORCH_NATIVE", "/no/such/file.so")], "doctor");
        var (code, output, error) = await process.Finish();
        Assert.Equal((1, ""), (code, error));
        Assert.Contains("/no/such/file.so", output);
        Assert.Contains("→ ./build.sh setup && ./build.sh build", output);
    }
#endif
}
