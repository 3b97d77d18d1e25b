using EfQat.Integer.Program;

namespace EfQat.Integer.Tests.Program;

public class ArenaTests
{
    [Fact]
    public void What_lives_at_the_same_time_lies_apart_and_the_rest_shares_memory()
    {
        var random = new Random(1);
        for (int trial = 0; trial < 200; trial++)
        {
            // A chain with shortcuts; only who reads whom matters here.
            Step[] steps = [.. Enumerable.Range(0, 30).Select(i => new Addition($"{i}", i == 0 ? [] : [i - 1, random.Next(i)], new(0, 0, 0, 1, 0, 0)))];
            CodeShape[] shapes = [.. steps.Select(_ => new CodeShape(1, 1, random.Next(1, 5000)))];
            var arena = Arena.Plan(steps, shapes);
            int[] last = [.. steps.Select((_, i) => Array.FindLastIndex(steps, step => step.From.Contains(i)) is var reader && reader < 0 ? i : reader)];
            for (int a = 0; a < steps.Length; a++)
            {
                Assert.InRange(arena.Offsets[a] + shapes[a].Count, 1, arena.Bytes);
                for (int b = a + 1; b <= last[a]; b++)
                    Assert.True(arena.Offsets[a] + shapes[a].Count <= arena.Offsets[b] || arena.Offsets[b] + shapes[b].Count <= arena.Offsets[a], $"{a} and {b}");
            }
        }
    }

    [Fact]
    public void A_chain_needs_no_more_than_two_neighbours()
    {
        Step[] steps = [.. Enumerable.Range(0, 10).Select(i => new Addition($"{i}", i == 0 ? [] : [i - 1], new(0, 0, 0, 1, 0, 0)))];
        CodeShape[] shapes = [.. steps.Select(_ => new CodeShape(8, 8, 64))];
        Assert.Equal(2 * 8 * 8 * 64, Arena.Plan(steps, shapes).Bytes);
    }
}
