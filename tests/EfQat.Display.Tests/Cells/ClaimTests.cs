using EfQat.Display.Tests.Progress;
using static EfQat.Display.Claim;

namespace EfQat.Display.Tests;

[Collection("one page")]  // the running cell is one for all
public sealed class ClaimTests : IDisposable
{
    readonly KeptOutputs host = new();

    public ClaimTests() => Cell.Current = new(host, default);

    public void Dispose() => Cell.Current = null;

    [Fact]
    public void A_claim_that_does_not_hold_fails_the_cell_and_says_what_was_claimed() =>
        Assert.Contains("1 is 2", Assert.Throws<InvalidOperationException>(() => claim("1 is 2", 1 == 2)).Message);

    [Fact]
    public void A_claim_about_this_machine_is_shown_either_way()
    {
        claim_here("A < B.", true);
        claim_here("B < A.", false);
        Assert.Equal(["✓ A < B.", "✗ B < A. Not here and now."], host.Shown.Select(shown => shown.Bundle["text/plain"]));
        Assert.EndsWith("✗</span> B &lt; A. Not here and now.", host.Shown[1].Bundle["text/html"]);
    }
}
