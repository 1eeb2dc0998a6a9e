import dev.lamina.data.*
import dev.lamina.graph.Threads
import dev.lamina.layer.*
import dev.lamina.model.*
import dev.lamina.network.*
import dev.lamina.optimizer.*
import dev.lamina.schedule.*
import dev.lamina.train.*

Threads.set(1)
int[] labels = IntStream.range(0, 160).map(i -> i % 2).toArray()
byte[] pixels = new byte[160 * 64]
for (int i = 0; i < 160; i++) Arrays.fill(pixels, i * 64, (i + 1) * 64, (byte) (i / 4 + 180 * labels[i]))
var images = ImageSet.of(8, 8, 1, pixels, labels, List.of("dark", "light"))
var model = Model.of(Network.input(8, 8, 1).then(Flatten.create(), Dense.of(2)), 1)
var trainer = Trainer.builder().optimizer(Adam.create()).schedule(Constant.of(0.05)).epochs(1).batchSize(16).seed(1).build()
var history = trainer.fit(model, images)
byte[] light = new byte[64]
Arrays.fill(light, (byte) 210)
System.out.println(history.last().steps() + " steps: " + model.predict(light).best().label())
model.close()
/exit
