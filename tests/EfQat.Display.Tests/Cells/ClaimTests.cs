using static EfQat.Display.Claim;

namespace EfQat.Display.Tests;

public class ClaimTests
{
    [Fact]
    public void A_claim_that_does_not_hold_fails_the_cell_and_says_what_was_claimed() =>
        Assert.Contains("1 is 2", Assert.Throws<InvalidOperationException>(() => claim("1 is 2", 1 == 2)).Message);
}
