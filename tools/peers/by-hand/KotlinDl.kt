import java.awt.image.BufferedImage
import java.io.File
import org.jetbrains.kotlinx.dl.api.core.Sequential
import org.jetbrains.kotlinx.dl.api.core.WritingMode
import org.jetbrains.kotlinx.dl.api.core.activation.Activations
import org.jetbrains.kotlinx.dl.api.core.callback.EarlyStopping
import org.jetbrains.kotlinx.dl.api.core.history.EpochTrainingEvent
import org.jetbrains.kotlinx.dl.api.core.layer.convolutional.Conv2D
import org.jetbrains.kotlinx.dl.api.core.layer.core.Dense
import org.jetbrains.kotlinx.dl.api.core.layer.core.Input
import org.jetbrains.kotlinx.dl.api.core.layer.pooling.GlobalAvgPool2D
import org.jetbrains.kotlinx.dl.api.core.layer.pooling.MaxPool2D
import org.jetbrains.kotlinx.dl.api.core.layer.regularization.Dropout
import org.jetbrains.kotlinx.dl.api.core.loss.Losses
import org.jetbrains.kotlinx.dl.api.core.metric.Metrics
import org.jetbrains.kotlinx.dl.api.core.optimizer.Momentum
import org.jetbrains.kotlinx.dl.api.inference.TensorFlowInferenceModel
import org.jetbrains.kotlinx.dl.api.preprocessing.pipeline
import org.jetbrains.kotlinx.dl.dataset.OnFlyImageDataset
import org.jetbrains.kotlinx.dl.dataset.generator.FromFolders
import org.jetbrains.kotlinx.dl.dataset.preprocessing.fileLoader
import org.jetbrains.kotlinx.dl.impl.preprocessing.image.ColorMode
import org.jetbrains.kotlinx.dl.impl.preprocessing.image.convert
import org.jetbrains.kotlinx.dl.impl.preprocessing.image.resize
import org.jetbrains.kotlinx.dl.impl.preprocessing.image.toFloatArray
import org.jetbrains.kotlinx.dl.impl.preprocessing.rescale

/** The program of docs/coming-from-kotlindl.md. It needs the Kotlin compiler, so run does not compile it. */
fun program(folder: File, run: File, photo: File) {
    // region data
    val classes = listOf("boot", "sandal", "sneaker")
    val preprocessing = pipeline<BufferedImage>()
        .resize { outputHeight = 64; outputWidth = 64 }
        .convert { colorMode = ColorMode.RGB }
        .toFloatArray { }
        .rescale { scalingCoefficient = 255f }
    val labels = FromFolders(classes.withIndex().associate { it.value to it.index })
    val (train, validation) =
        OnFlyImageDataset.create(folder.resolve("photos/train"), labels, preprocessing)
            .shuffle().split(0.9)
    val test = OnFlyImageDataset.create(folder.resolve("photos/test"), labels, preprocessing)
    // endregion
    // region network
    val model = Sequential.of(
        Input(64, 64, 3),
        Conv2D(16, kernelSize = 3), // with ReLU
        MaxPool2D(),
        Conv2D(32, kernelSize = 3),
        GlobalAvgPool2D(),
        Dropout(0.2f),
        Dense(classes.size, activation = Activations.Linear),
    )
    // endregion
    // region callbacks
    val earlyStopping = EarlyStopping(
        monitor = EpochTrainingEvent::valLossValue, patience = 3, restoreBestWeights = true)
    // endregion
    // region training
    model.compile(
        optimizer = Momentum(learningRate = 0.01f, momentum = 0.9f),
        loss = Losses.SOFT_MAX_CROSS_ENTROPY_WITH_LOGITS,
        metric = Metrics.ACCURACY,
    )
    model.fit(
        trainingDataset = train, validationDataset = validation,
        epochs = 10, trainBatchSize = 32, validationBatchSize = 32,
        callbacks = listOf(earlyStopping),
    )
    println(model.evaluate(test, batchSize = 32).metrics[Metrics.ACCURACY])
    // endregion
    // region saving
    model.save(run.resolve("model"), writingMode = WritingMode.OVERRIDE)
    model.close()
    // endregion
    // region prediction
    TensorFlowInferenceModel.load(run.resolve("model")).use {
        it.reshape(64, 64, 3)
        val (pixels, _) = preprocessing.fileLoader().load(photo)
        println(classes[it.predict(pixels)])
    }
    // endregion
}
