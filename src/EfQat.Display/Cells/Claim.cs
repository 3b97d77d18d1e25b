using System.Net;

namespace EfQat.Display;

/// <summary>What a lesson says is checked where it is said.</summary>
public static class Claim
{
    /// <summary>Shows the claim with a tick where it holds, and fails the cell where it does not.</summary>
    /// <param name="what">The claim, a short sentence.</param>
    /// <param name="holds">Whether it holds.</param>
    /// <exception cref="InvalidOperationException">It does not hold.</exception>
    public static void claim(string what, bool holds)
    {
        if (!holds) throw new InvalidOperationException($"this claim does not hold: {what}");
        Show("#2e8b57", $"✓ {what}");
    }

    /// <summary>Shows a claim about measured times with a tick or a cross. Another machine may say otherwise, so the lesson goes on.</summary>
    /// <param name="what">The claim, a short sentence.</param>
    /// <param name="holds">Whether it holds here and now.</param>
    public static void claim_here(string what, bool holds)
    {
        if (holds) Show("#2e8b57", $"✓ {what}");
        else Show("#b8860b", $"✗ {what} Not here and now.");
    }

    static void Show(string color, string text) =>
        Notebook.display(MimeBundle.Html($"<span style=\"color: {color}\">{text[0]}</span>{WebUtility.HtmlEncode(text[1..])}", text));
}
