namespace EfQat.Models;

/// <summary>A class for an input: logits from the pooled first token. // [N, 3, L] → [N, classes]</summary>
public sealed class BertForSequenceClassification : nn.Module<Tensor, Tensor>
{
    private readonly Bert bert;
    private readonly nn.Module<Tensor, Tensor> dropout, classifier;

    /// <param name="size">Of the encoder.</param>
    /// <param name="classes">To choose from.</param>
    public BertForSequenceClassification(BertSize size, long classes) : base(nameof(BertForSequenceClassification))
    {
        bert = new(size, pooled: true);
        dropout = nn.Dropout(size.Dropout);
        classifier = nn.Linear(size.Hidden, classes);
        RegisterComponents();
        Bert.Initialize(this);
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor input) => classifier.call(dropout.call(bert.call(input)));
}

/// <summary>
/// The first and the last token of an answer: two logits for every token. // [N, 3, L] → [N, L, 2]
/// <para>Their cross entropy with labels [N, 2] is the mean of both ends', as the tokens are the classes.</para>
/// </summary>
public sealed class BertForQuestionAnswering : nn.Module<Tensor, Tensor>
{
    private readonly Bert bert;
    private readonly nn.Module<Tensor, Tensor> qa_outputs;

    /// <param name="size">Of the encoder.</param>
    public BertForQuestionAnswering(BertSize size) : base(nameof(BertForQuestionAnswering))
    {
        bert = new(size, pooled: false);
        qa_outputs = nn.Linear(size.Hidden, 2);
        RegisterComponents();
        Bert.Initialize(this);
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor input) => qa_outputs.call(bert.call(input));
}
