using EfQat.Distillation;

namespace EfQat.Tests.Distillation;

public class DivergenceTests
{
    private static readonly float[,] Teacher = { { 2, -1, 0.5f }, { 0, 3, -2 } }, Student = { { 1, 0, -0.5f }, { -1, 2, 1 } };

    [Theory]
    [InlineData(1, false)]
    [InlineData(4, false)]
    [InlineData(2, true)]
    public void It_is_the_sum_over_classes(double temperature, bool reverse)
    {
        double expected = 0;
        for (int i = 0; i < 2; i++)
        {
            double[] t = Softmax(Teacher, i, temperature), s = Softmax(Student, i, temperature);
            if (reverse) (t, s) = (s, t);
            for (int c = 0; c < 3; c++) expected += t[c] * Math.Log(t[c] / s[c]) / 2;
        }
        double actual = new Divergence(temperature, reverse).Of(tensor(Teacher), tensor(Student)).item<float>();
        Assert.Equal(temperature * temperature * expected, actual, 1e-5);
    }

    [Fact]
    public void Its_gradient_is_the_difference_of_the_probabilities()
    {
        var student = tensor(Student, requires_grad: true);
        new Divergence(2).Of(tensor(Teacher), student).backward();
        for (int i = 0; i < 2; i++)
        {
            double[] t = Softmax(Teacher, i, 2), s = Softmax(Student, i, 2);
            for (int c = 0; c < 3; c++)
                Assert.Equal(2 * (s[c] - t[c]) / 2, student.grad![i, c].item<float>(), 1e-5);  // T · (p_s − p_t) / samples
        }
    }

    private static double[] Softmax(float[,] logits, int row, double temperature)
    {
        double[] e = [.. Enumerable.Range(0, 3).Select(c => Math.Exp(logits[row, c] / temperature))];
        return [.. e.Select(x => x / e.Sum())];
    }
}
