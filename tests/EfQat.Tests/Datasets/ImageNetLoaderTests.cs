using System.Diagnostics;
using EfQat.Datasets;

namespace EfQat.Tests.Datasets;

public sealed class ImageNetLoaderTests : IDisposable
{
    static readonly float[] Mean = [0.485f, 0.456f, 0.406f], Std = [0.229f, 0.224f, 0.225f];

    readonly string folder = Directory.CreateTempSubdirectory("efqat-imagenet-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    void Put(string path, byte[] bytes)
    {
        path = Path.Combine(folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
    }

    void PutFive()
    {
        for (int i = 0; i < 5; i++) Put($"{(i < 2 ? "n02" : "n01")}/{i}.JPEG", FlatJpeg.Create(i).File);
    }

    static float[] Values(Batch batch) => batch.Images.contiguous().data<float>().ToArray();

    [Fact]
    public void Evaluation_sees_the_middle_of_the_resized_pictures_in_the_order_of_class_and_name()
    {
        PutFive();
        var loader = new ImageNetLoader(folder, batchSize: 2);
        Assert.Equal(["n01", "n02"], loader.ClassNames);
        Assert.Equal((5, 3), (loader.Count, loader.BatchesPerEpoch));
        var batches = loader.Epoch().ToArray();
        Assert.Equal([0L, 0, 0, 1, 1], batches.SelectMany(batch => batch.Labels.data<long>().ToArray()));
        Assert.Equal([2, 3, 224, 224], batches[0].Images.shape);
        Assert.Equal(1, batches[0].Images.stride(1));

        var pixels = FlatJpeg.Create(2).Pixels;  // n01/2.JPEG is the first
        var values = Values(batches[0]);
        for (int c = 0; c < 3; c++)
        {
            var channel = new double[32, 32];
            for (int i = 0; i < 1024; i++) channel[i / 32, i % 32] = pixels[1024 * c + i];
            var expected = BilinearResizeTests.Rule(channel, 256, 256);
            for (int y = 0; y < 224; y++)
                for (int x = 0; x < 224; x++)
                    Assert.Equal(expected[16 + y, 16 + x], 255 * (values[(c * 224 + y) * 224 + x] * Std[c] + Mean[c]), 3.0);  // a decoder may differ by 1.5
        }
    }

    [Fact]
    public void Some_pictures_are_drawn_by_the_seed()
    {
        PutFive();
        float[][] Draw(long seed, int samples) => [.. new ImageNetLoader(folder, 1, seed: seed, samples: samples).Epoch().Select(Values)];
        var all = Draw(1, 9);
        Assert.Equal(5, all.Length);
        var some = Draw(1, 2);
        Assert.Equal(2, some.Length);
        Assert.All(some, picture => Assert.Contains(all, other => other.SequenceEqual(picture)));
        Assert.Equal(some, Draw(1, 2));
        Assert.Contains(Enumerable.Range(2, 20), seed => !Draw(seed, 2)[0].SequenceEqual(some[0]));
    }

    [Fact]
    public void Training_depends_on_seed_and_epoch_alone_and_goes_on_from_any_batch()
    {
        PutFive();
        float[] Read(long seed, int epoch, int first = 0, int threads = 1) =>
            [.. new ImageNetLoader(folder, 2, train: true, seed, threads: threads).Epoch(epoch, first).SelectMany(Values)];
        var whole = Read(7, 1);
        Assert.Equal(4 * 3 * 224 * 224, whole.Length);
        Assert.Equal(whole, Read(7, 1, threads: 3));
        Assert.Equal(whole[(whole.Length / 2)..], Read(7, 1, first: 1));
        Assert.NotEqual(whole, Read(7, 2));
        Assert.NotEqual(whole, Read(8, 1));
    }

    /// <summary>A picture that is dark on its left and light on its right is so in about half of its augmented versions.</summary>
    [Fact]
    public void Training_flips_half_of_the_pictures()
    {
        int seed = Enumerable.Range(0, 100).MaxBy(seed => Lightness(seed, right: true) - Lightness(seed, right: false));
        Put("n01/0.JPEG", FlatJpeg.Create(seed).File);
        var loader = new ImageNetLoader(folder, 1, train: true, seed: 1);
        int lighter = Enumerable.Range(0, 60).Count(epoch =>
        {
            var halves = loader.Epoch(epoch).Single().Images.mean([0, 1, 2]).reshape(2, 112).mean([1]).data<float>();
            return halves[1] > halves[0];
        });
        Assert.InRange(lighter, 15, 45);
    }

    static double Lightness(int seed, bool right) =>
        FlatJpeg.Create(seed).Pixels.Select((value, i) => i % 32 >= 16 == right ? value : 0).Sum();

    [Theory]
    [InlineData(500, 375), InlineData(20, 400), InlineData(400, 20)]
    public void Random_parts_lie_inside_with_the_area_and_the_aspect_asked_for(int width, int height)
    {
        var random = SplitMix64.Of(1);
        for (int i = 0; i < 300; i++)
        {
            var part = ImageNetCrop.RandomPart(width, height, ref random);
            Assert.True(part.Left >= 0 && part.Top >= 0 && part.Left + part.Width <= width && part.Top + part.Height <= height);
            Assert.InRange((double)part.Width / part.Height, 0.75 * 0.93, 4.0 / 3 * 1.07);  // sides are whole pixels
            if (width == 500) Assert.InRange((double)part.Width * part.Height / (width * height), 0.079, 1);
        }
    }

    [Fact]
    public void Folders_and_pictures_that_cannot_be_read_are_named()
    {
        string Refusal(Action action) => Assert.Throws<UserError>(action).Message;
        Assert.Contains("no such folder", Refusal(() => _ = new ImageNetLoader(Path.Combine(folder, "none"), 1)));
        Assert.Contains("there is no class", Refusal(() => _ = new ImageNetLoader(folder, 1)));
        Put("n01/bad.JPEG", [0xFF, 0xD8, 0xFF, 0]);
        Assert.Contains("bad.JPEG", Refusal(() => new ImageNetLoader(folder, 1).Epoch().Count()));
    }

    /// <summary>Those pictures are 256×256 already: what is left is the crop.</summary>
    [SkippableFact]
    public void Real_photographs()
    {
        var archive = Path.Combine(TestData.Folder, "imagenet-sample-1000.tar");
        Skip.IfNot(File.Exists(archive), $"{archive} is absent");
        using (var tar = Process.Start("tar", ["-xf", archive, "-C", folder, "--strip-components=1", "--wildcards", "*/n0144*", "*/n0148*"]))
            tar.WaitForExit();
        var loader = new ImageNetLoader(folder, 8);
        Assert.Equal("n01440764", loader.ClassNames[0]);
        var values = Values(loader.Epoch().First());
        var first = TurboJpeg.Decode(Path.Combine(folder, "n01440764", "tench.JPEG"));
        Assert.Equal((256, 256), (first.Width, first.Height));
        for (int c = 0; c < 3; c++)
            for (int y = 0; y < 224; y++)
                for (int x = 0; x < 224; x++)
                    Assert.Equal((first.Rgb[3 * ((y + 16) * 256 + x + 16) + c] / 255f - Mean[c]) / Std[c], values[(c * 224 + y) * 224 + x], 1e-5f);
    }
}
