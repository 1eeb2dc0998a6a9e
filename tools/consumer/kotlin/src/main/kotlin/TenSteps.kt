import dev.lamina.data.ImageSet
import dev.lamina.layer.Dense
import dev.lamina.layer.Flatten
import dev.lamina.model.Model
import dev.lamina.network.Network
import dev.lamina.optimizer.Adam
import dev.lamina.schedule.Constant
import dev.lamina.train.Trainer

fun main() {
  val labels = IntArray(160) { it % 2 }
  val pixels = ByteArray(160 * 64) { (it / 64 / 4 + 180 * labels[it / 64]).toByte() }
  val images = ImageSet.of(8, 8, 1, pixels, labels, listOf("dark", "light"))
  val network = Network.input(8, 8, 1).then(Flatten.create(), Dense.of(2))
  Model.of(network, 1).use { model ->
    val trainer =
      Trainer.builder()
        .optimizer(Adam.create())
        .schedule(Constant.of(0.05))
        .epochs(1)
        .batchSize(16)
        .seed(1)
        .build()
    val history = trainer.fit(model, images)
    val light = ByteArray(64) { 210.toByte() }
    println("${history.last().steps()} steps: ${model.predict(light).best().label()}")
  }
}
